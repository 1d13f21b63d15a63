package mortmain.file;

import mortmain.fence.KeyState.Reclamation;

/** What is known of one prefix: its reclamations and the newest write below it. Guarded by the engine's lock. */
final class PathLevel {
  final String prefix;
  final PathLevel parent;
  long newestWrite;
  long count;
  Reclamation reclaimed;

  /** Key records and levels directly below. */
  int children;

  PathLevel(String prefix, PathLevel parent) {
    this.prefix = prefix;
    this.parent = parent;
  }

  long epoch() {
    return count + (parent == null ? 0 : parent.epoch());
  }

  void wrote(long revision) {
    for (PathLevel level = this; level != null; level = level.parent) {
      level.newestWrite = revision;
    }
  }

  /** Like {@link #wrote}, in any order. */
  void wroteUpTo(long revision) {
    for (PathLevel level = this; level != null && level.newestWrite < revision; level = level.parent) {
      level.newestWrite = revision;
    }
  }

  /** The newest reclamation of this prefix or one above it, or null. */
  Reclamation newestReclamation() {
    Reclamation above = parent == null ? null : parent.newestReclamation();
    if (reclaimed == null || (above != null && above.revision() > reclaimed.revision())) {
      return above;
    }
    return reclaimed;
  }
}
