package mortmain.mirror;

import mortmain.disk.Folder.Seen;

/**
 * The guards of the model: each is named as in specs/tla/Mirror.tla. Won and NotBehind have no
 * predicate: what is written is always the newest durable version, asked for while the file is locked. Unedited is judged with the other guards
 * of a commit, on what the last look found.
 */
final class Rules {
  private Rules() {}

  /** Newer: in version order. */
  static boolean newer(Shown version, long put) {
    return put < version.revision();
  }

  /** Untouched: it looks as we left it. */
  static boolean untouched(Seen now, Seen left) {
    return now == null ? left == null : now.equals(left);
  }

  /** MirroredFirst: the file shows this commit of its key, or a newer one. */
  static boolean mirrored(long put, long committed) {
    return put >= committed;
  }

  /**
   * MayBeOurs: a crash may have left a version in a file if the one that replaced it is not covered by MirroredThrough; otherwise the newer one
   * was forced, and somebody has brought the old one back.
   */
  static boolean mayBeOurs(long replacedAt, Through through) {
    return replacedAt > through.revision();
  }

  /** A copy of which the disk kept only some sectors may be ours only if it was not forced yet. */
  static boolean mayBeTorn(Shown version, Through through) {
    return !through.forced() || version.revision() > through.revision();
  }

  /** ForcedFirst, asked after the force: what MirroredThrough says lies in files, or under edits. */
  static boolean forcedFirst(long firstBehind, long target) {
    return target < firstBehind;
  }
}
