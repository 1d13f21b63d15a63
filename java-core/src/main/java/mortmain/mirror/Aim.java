package mortmain.mirror;

import java.util.Map;
import mortmain.model.Key;

/** Up to where files are written at a moment: none is behind below {@code firstBehind}, but those that hold an edit. Immutable. */
public final class Aim {
  private final long firstBehind;
  private final Map<Key, MirroredFile> edited;

  Aim(long firstBehind, Map<Key, MirroredFile> edited) {
    this.firstBehind = firstBehind;
    this.edited = edited;
  }

  public long firstBehind() {
    return firstBehind;
  }

  /** An edit that went away may have made room for a rename of something old, which was under way at that moment. */
  boolean stillEdited() {
    for (MirroredFile file : edited.values()) {
      file.lock.lock();
      try {
        if (file.edited() == null) {
          return false;
        }
      } finally {
        file.lock.unlock();
      }
    }
    return true;
  }
}
