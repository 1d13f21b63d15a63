package mortmain.mirror;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import mortmain.disk.Disk;
import mortmain.disk.Folder;
import mortmain.model.Key;
import mortmain.model.Mount;

/**
 * One mounted directory. Thread-safe. {@link #decided} and {@link #edited} are quick and never wait; everything else touches the disk and is
 * not called under a lock of the engine's.
 */
public final class Mirror implements AutoCloseable {
  private static final int PAGE = 1_000;
  private static final int SHOWN = 20;

  private final Disk disk;
  private final Source source;
  private final Supplier<Through> through;
  private final ReentrantLock opening = new ReentrantLock();
  private volatile Mount mount;
  private volatile boolean fresh;
  private volatile Opened opened;
  private volatile String problem;

  /** What is known since the directory was opened; it begins anew when it is opened again. */
  private static final class Opened {
    final Folder folder;
    final Map<Key, MirroredFile> files = new ConcurrentHashMap<>();
    /** Keys whose file does not show their newest commit, with a revision below which it does. */
    final Map<Key, Long> behind = new ConcurrentHashMap<>();
    final Map<Key, MirroredFile> edited = new ConcurrentHashMap<>();
    final Set<MirroredFile> unforced = ConcurrentHashMap.newKeySet();
    volatile boolean checkedAll;
    final AtomicBoolean owed = new AtomicBoolean(true);

    Opened(Folder folder) {
      this.folder = folder;
    }
  }

  /** {@code through}: what the journal says of this mount, by now. {@code fresh}: it is mounted only now. */
  public Mirror(Disk disk, Mount mount, Source source, Supplier<Through> through, boolean fresh) {
    this.disk = disk;
    this.mount = mount;
    this.source = source;
    this.through = through;
    this.fresh = fresh;
  }

  private Through through() {
    return fresh ? Through.FRESH : through.get();
  }

  public Mount mount() {
    return mount;
  }

  /** Other settings of the same prefix and directory. */
  public void settings(Mount changed) {
    mount = changed;
  }

  /** Opens the directory; throws when it must not or cannot be used. */
  public void open(boolean create) throws IOException {
    opening.lock();
    try {
      opened = new Opened(disk.folder(Path.of(mount.directory()), create));
      problem = null;
    } finally {
      opening.unlock();
    }
  }

  /** Null, and the problem said, while the directory cannot be used. */
  private Opened opened() {
    Opened now = opened;
    if (now != null && now.folder.isThere()) {
      return now;
    }
    if (now != null) {
      problem = mount.directory() + " is gone, or another directory";
      opening.lock();
      try {
        if (opened == now) {
          opened = null;
          now.folder.close();
        }
      } finally {
        opening.unlock();
      }
    }
    return null;
  }

  /** Tries again to open it, if it is not open; returns whether it is. */
  public boolean reopened() {
    if (opened() != null) {
      return true;
    }
    try {
      open(false);
      return true;
    } catch (IOException e) {
      problem = Said.of(e);
      return false;
    }
  }

  private MirroredFile file(Opened in, Key key) {
    return in.files.computeIfAbsent(key, k -> new MirroredFile(k, path(k)));
  }

  /** A commit of the key was decided. Called in the order of revisions, before any of it is durable. */
  public void decided(Key key, long revision) {
    Opened now = opened;
    if (now != null) {
      file(now, key).decided = revision;
      now.behind.putIfAbsent(key, revision);
    }
  }

  /** Looks at the file of a key; says whether somebody else changed it. */
  public boolean look(Key key) {
    Opened now = opened();
    if (now == null || isNothing(now, key)) {
      return false;
    }
    MirroredFile file = file(now, key);
    file.lock.lock();
    try {
      file.look(now.folder, source, through());
      note(now, file);
      return file.edited() != null;
    } finally {
      file.lock.unlock();
    }
  }

  /** Neither a file nor a version: not worth remembering. */
  private boolean isNothing(Opened in, Key key) {
    try {
      return !in.files.containsKey(key) && source.newest(key).revision() == 0 && in.folder.look(path(key)) == null;
    } catch (IOException e) {
      return false;
    }
  }

  private String path(Key key) {
    return key.toString().substring(mount.prefix().length());
  }

  private void note(Opened in, MirroredFile file) {
    if (file.edited() != null) {
      in.edited.put(file.key, file);
    } else {
      in.edited.remove(file.key);
      if (file.put() == 0) {
        in.behind.putIfAbsent(file.key, 1L);
      }
    }
    if (file.edited() != null || file.put() > through.get().revision()) {
      in.unforced.add(file);
    }
  }

  /** The path of a key's file when the last look found it edited, else null. */
  public String edited(Key key) {
    Opened now = opened;
    MirroredFile file = now == null ? null : now.edited.get(key);
    return file == null ? null : path(file);
  }

  private String path(MirroredFile file) {
    return mount.directory() + "/" + file.path;
  }

  /** Writes the key's newest durable version, unless the file shows it; says whether it shows this revision or a newer one. */
  public boolean bring(Key key, long revision) {
    Opened now = opened();
    if (now == null) {
      return false;
    }
    MirroredFile file = file(now, key);
    if (Rules.mirrored(file.put(), revision) && !now.edited.containsKey(key)) {
      return true;
    }
    file.lock.lock();
    try {
      if (file.bring(now.folder, source, through())) {
        now.unforced.add(file);
        now.owed.set(true);
      }
      note(now, file);
      caughtUp(now, file);
      return Rules.mirrored(file.put(), revision) && file.edited() == null;
    } finally {
      file.lock.unlock();
    }
  }

  /** It is behind no longer, unless its key was committed since. */
  private static void caughtUp(Opened in, MirroredFile file) {
    if (file.edited() == null && file.problem() == null) {
      in.behind.compute(file.key, (key, first) -> file.decided > file.put() ? Long.valueOf(file.put() + 1) : null);
    }
  }

  /** Bytes that somebody else wrote, and how the file looked with them. */
  public record Edit(Key key, byte[] bytes, Folder.Seen seen) {}

  /** What somebody else wrote into the file of a key; null when nobody did. Throws when it cannot be read. */
  public Edit edit(Key key) throws IOException {
    Opened now = opened();
    if (now == null) {
      throw new IOException(problem);
    }
    MirroredFile file = file(now, key);
    file.lock.lock();
    try {
      while (true) {
        file.look(now.folder, source, through());
        note(now, file);
        Folder.Seen before = file.edited() == null ? null : now.folder.look(file.path);
        if (before == null) {
          return null;
        }
        if (before.kind() != Folder.Kind.FILE) {
          throw new IOException(path(file) + " is not a file");
        }
        byte[] bytes = now.folder.read(file.path, source.limit());
        if (before.equals(now.folder.look(file.path))) {
          return new Edit(key, bytes, before);
        }
      }
    } finally {
      file.lock.unlock();
    }
  }

  /** An edit is the version of this revision now. */
  public void adopted(Edit edit, long revision) {
    Opened now = opened();
    if (now == null) {
      return;
    }
    MirroredFile file = file(now, edit.key());
    file.lock.lock();
    try {
      file.adopted(edit.bytes(), edit.seen(), revision);
      now.edited.remove(edit.key());
      now.unforced.add(file);
      now.owed.set(true);
      caughtUp(now, file);
    } finally {
      file.lock.unlock();
    }
    if (now.behind.containsKey(edit.key())) {
      bring(edit.key(), Long.MAX_VALUE); // somebody committed meanwhile
    }
  }

  /** Paths in the directory that a person would call its files, relative to it. */
  public List<String> files(int limit) throws IOException {
    Opened now = opened();
    if (now == null) {
      throw new IOException(problem);
    }
    return now.folder.files(limit);
  }

  /** Whether names that differ in the case of letters only are one file. */
  public boolean foldsCase() {
    Opened now = opened;
    return now != null && now.folder.foldsCase();
  }

  /** Brings every file up to date that is behind; after the directory was opened, every one. */
  public void catchUp() {
    if (!reopened()) {
      return;
    }
    Opened now = opened;
    if (!now.checkedAll) {
      List<Key> page = source.keys(mount.prefix(), null, PAGE);
      while (!page.isEmpty()) {
        for (Key key : page) {
          bring(key, Long.MAX_VALUE);
        }
        page = source.keys(mount.prefix(), page.get(page.size() - 1), PAGE);
      }
      now.checkedAll = true; // what could not be looked at is behind
      fresh = false;
    }
    for (Key key : List.copyOf(now.behind.keySet())) {
      bring(key, Long.MAX_VALUE);
    }
  }

  /** The revision below which no file is behind, but those that hold an edit: to be asked under the engine's lock, so that nothing durable is missing. */
  public long firstBehind() {
    Opened now = opened;
    if (now == null) {
      return 0;
    }
    long first = Long.MAX_VALUE;
    for (Map.Entry<Key, Long> behind : now.behind.entrySet()) {
      first = now.edited.containsKey(behind.getKey()) ? first : Math.min(first, behind.getValue());
    }
    return first;
  }

  /**
   * Forces what was written since the last time; says whether MirroredThrough may be journaled with this revision.
   *
   * @param target a durable revision below {@link #firstBehind()} of that moment
   */
  public boolean force(long target, long firstBehind) {
    Opened now = opened();
    if (now == null) {
      return false;
    }
    boolean forced = true;
    boolean owed = now.owed.getAndSet(false);
    Set<MirroredFile> files = new HashSet<>(now.unforced);
    now.unforced.removeAll(files);
    List<String> paths = new ArrayList<>(files.size());
    files.forEach(file -> paths.add(file.path));
    try {
      if (!files.isEmpty()) {
        now.folder.force(paths);
      }
    } catch (IOException e) {
      problem = "could not force " + mount.directory() + ": " + Said.of(e);
      forced = false;
      for (MirroredFile file : files) {
        rewrite(now, file);
      }
    }
    boolean allowed = owed && now.checkedAll && Rules.forcedFirst(forced, firstBehind, target);
    if (owed && !allowed) {
      now.owed.set(true);
    }
    return allowed;
  }

  /** A force that failed is never tried again on the same pages. */
  private static void rewrite(Opened in, MirroredFile file) {
    file.lock.lock();
    try {
      file.rewrite();
      in.behind.put(file.key, 1L);
    } finally {
      file.lock.unlock();
    }
  }

  /** For status: plain scalars, lists and maps. */
  public Map<String, Object> describe() {
    Opened now = opened;
    Map<String, Object> told = new LinkedHashMap<>();
    told.put("prefix", mount.prefix());
    told.put("directory", mount.directory());
    told.put("sync", mount.sync());
    told.put("foreign", mount.adopt() ? "adopt" : "raise");
    told.put("through", through.get().revision());
    told.put("files", now == null ? 0L : (long) now.files.size());
    told.put("behind", now == null ? 0L : (long) now.behind.size());
    told.put("edited", now == null ? 0L : (long) now.edited.size());
    told.put("edited_keys", now == null ? List.of() : now.edited.keySet().stream().sorted().limit(SHOWN).map(Key::toString).toList());
    told.put("problem", problem(now));
    return told;
  }

  private String problem(Opened now) {
    if (now == null || problem != null) {
      return problem == null ? mount.directory() + " is not open" : problem;
    }
    for (Key key : now.behind.keySet()) {
      MirroredFile file = now.files.get(key);
      if (file != null && file.problem() != null) {
        return path(file) + ": " + file.problem();
      }
    }
    return null;
  }

  @Override
  public void close() {
    opening.lock();
    try {
      if (opened != null) {
        opened.folder.close();
        opened = null;
      }
    } finally {
      opening.unlock();
    }
  }
}
