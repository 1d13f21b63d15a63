package mortmain.mirror;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import mortmain.disk.Folder;
import mortmain.model.Key;

/** What is known of the files of a directory since it was opened; it begins anew when it is opened again. Thread-safe. */
final class OpenMount {
  private static final int STEP = 64;
  private static final int LAST = 256;

  final Folder folder;
  final Map<Key, MirroredFile> files = new ConcurrentHashMap<>();
  /** Keys whose file does not show their newest commit, with a revision below which it does. */
  final Map<Key, Long> behind = new ConcurrentHashMap<>();
  final Map<Key, MirroredFile> edited = new ConcurrentHashMap<>();
  /** Whether every key has been looked at. */
  volatile boolean checkedAll;
  /** Written, or found to be edited, since they were forced last. */
  private final Set<MirroredFile> unforced = ConcurrentHashMap.newKeySet();
  private volatile boolean hurry;
  private final AtomicBoolean owed = new AtomicBoolean(true);

  OpenMount(Folder folder) {
    this.folder = folder;
  }

  /** After a look at the file, under its lock. */
  void note(MirroredFile file, Through through) {
    if (file.edited() != null) {
      edited.put(file.key, file);
    } else {
      edited.remove(file.key);
      if (file.put() == 0) {
        behind.putIfAbsent(file.key, 1L);
      }
    }
    if (file.edited() != null || file.put() > through.revision()) {
      unforced.add(file);
    }
  }

  /** The file was written, or its edit adopted; before it is {@link #caughtUp}. */
  void changed(MirroredFile file) {
    unforced.add(file);
    owed.set(true);
  }

  /** It is behind no longer, unless its key was committed since. */
  void caughtUp(MirroredFile file) {
    if (file.edited() == null && file.problem() == null) {
      behind.compute(file.key, (key, first) -> file.decided > file.put() ? Long.valueOf(file.put() + 1) : null);
    }
  }

  Aim aim() {
    Map<Key, MirroredFile> held = Map.copyOf(edited);
    long first = Long.MAX_VALUE;
    for (Map.Entry<Key, Long> each : behind.entrySet()) {
      first = held.containsKey(each.getKey()) ? first : Math.min(first, each.getValue());
    }
    return new Aim(first, held);
  }

  /** ForcedFirst: forces everything that changed, then says whether all up to the target is forced. */
  boolean force(long target, Aim aim) throws IOException {
    boolean due = owed.getAndSet(false);
    boolean allowed = false;
    try {
      allowed = forceChanged() && due && checkedAll && Rules.forcedFirst(aim.firstBehind(), target) && aim.stillEdited();
    } finally {
      if (due && !allowed) {
        owed.set(true);
      }
    }
    return allowed;
  }

  /** Says whether everything is forced: when the process ends and there is much to do, the next start rolls forward instead. */
  private boolean forceChanged() throws IOException {
    List<MirroredFile> changed = List.copyOf(unforced);
    for (int from = 0; from < changed.size(); from += STEP) {
      if (hurry && changed.size() - from > LAST) {
        return false;
      }
      List<MirroredFile> part = changed.subList(from, Math.min(changed.size(), from + STEP));
      part.forEach(unforced::remove);
      try {
        folder.force(part.stream().map(file -> file.path).toList());
      } catch (IOException e) {
        part.forEach(this::rewrite);
        throw e;
      }
    }
    return true;
  }

  /** The process ends: no more than a few files are forced from here on. */
  void hurry() {
    hurry = true;
  }

  /** A force that failed is never tried again on the same pages. */
  private void rewrite(MirroredFile file) {
    file.lock.lock();
    try {
      file.rewrite();
      behind.put(file.key, 1L);
    } finally {
      file.lock.unlock();
    }
  }
}
