package mortmain.mirror;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
  private volatile OpenMount opened;
  private volatile String problem;

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
      opened = new OpenMount(disk.folder(Path.of(mount.directory()), create));
      problem = null;
    } finally {
      opening.unlock();
    }
  }

  /** Null, and the problem said, while the directory cannot be used. */
  private OpenMount opened() {
    OpenMount now = opened;
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

  private MirroredFile file(OpenMount in, Key key) {
    return in.files.computeIfAbsent(key, k -> new MirroredFile(k, path(k)));
  }

  /** A commit of the key was decided. Called in the order of revisions, before any of it is durable. */
  public void decided(Key key, long revision) {
    OpenMount now = opened;
    if (now != null) {
      file(now, key).decided = revision;
      now.behind.putIfAbsent(key, revision);
    }
  }

  /** Looks at the file of a key; says whether somebody else changed it. */
  public boolean look(Key key) {
    OpenMount now = opened();
    if (now == null || isNothing(now, key)) {
      return false;
    }
    MirroredFile file = file(now, key);
    file.lock.lock();
    try {
      file.look(now.folder, source, through());
      now.note(file, through.get());
      return file.edited() != null;
    } finally {
      file.lock.unlock();
    }
  }

  /** Neither a file nor a version: not worth remembering. */
  private boolean isNothing(OpenMount in, Key key) {
    try {
      return !in.files.containsKey(key) && source.newest(key).revision() == 0 && in.folder.look(path(key)) == null;
    } catch (IOException e) {
      return false;
    }
  }

  private String path(Key key) {
    return key.toString().substring(mount.prefix().length());
  }

  /** The path of a key's file when the last look found it edited, else null. */
  public String edited(Key key) {
    OpenMount now = opened;
    MirroredFile file = now == null ? null : now.edited.get(key);
    return file == null ? null : path(file);
  }

  private String path(MirroredFile file) {
    return mount.directory() + "/" + file.path;
  }

  /** Writes the key's newest durable version, unless the file shows it; says whether it shows this revision or a newer one. */
  public boolean bring(Key key, long revision) {
    OpenMount now = opened; // whoever commits has just looked
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
        now.changed(file);
      }
      now.note(file, through.get());
      now.caughtUp(file);
      return Rules.mirrored(file.put(), revision) && file.edited() == null;
    } finally {
      file.lock.unlock();
    }
  }

  /** Bytes that somebody else wrote, and how the file looked with them. */
  public record Edit(Key key, byte[] bytes, Folder.Seen seen) {}

  /** What somebody else wrote into the file of a key; null when nobody did. Throws when it cannot be read. */
  public Edit edit(Key key) throws IOException {
    OpenMount now = opened();
    if (now == null) {
      throw new IOException(problem);
    }
    MirroredFile file = file(now, key);
    file.lock.lock();
    try {
      while (true) {
        file.look(now.folder, source, through());
        now.note(file, through.get());
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
    OpenMount now = opened();
    if (now == null) {
      return;
    }
    MirroredFile file = file(now, edit.key());
    file.lock.lock();
    try {
      file.adopted(edit.bytes(), edit.seen(), revision);
      now.edited.remove(edit.key());
      now.changed(file);
      now.caughtUp(file);
    } finally {
      file.lock.unlock();
    }
    if (now.behind.containsKey(edit.key())) {
      bring(edit.key(), Long.MAX_VALUE); // somebody committed meanwhile
    }
  }

  /** Paths in the directory that a person would call its files, relative to it. */
  public List<String> files(int limit) throws IOException {
    OpenMount now = opened();
    if (now == null) {
      throw new IOException(problem);
    }
    return now.folder.files(limit);
  }

  /** Whether names that differ in the case of letters only are one file. */
  public boolean foldsCase() {
    OpenMount now = opened;
    return now != null && now.folder.foldsCase();
  }

  /** Brings every file up to date that is behind; after the directory was opened, every one. */
  public void catchUp() {
    if (!reopened()) {
      return;
    }
    OpenMount now = opened;
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

  /** What MirroredThrough may say now: to be asked under the engine's lock, so that nothing durable is missing. */
  public Aim aim() {
    OpenMount now = opened;
    return now == null ? new Aim(0, Map.of()) : now.aim();
  }

  /**
   * Forces what was written since the last time; says whether MirroredThrough may be journaled with this revision.
   *
   * @param target a revision that was durable when the aim was taken
   */
  public boolean force(long target, Aim aim) {
    OpenMount now = opened();
    if (now == null) {
      return false;
    }
    try {
      return now.force(target, aim);
    } catch (IOException e) {
      problem = "could not force " + mount.directory() + ": " + Said.of(e);
      return false;
    }
  }

  /** The process ends: what takes long is left to the next start. */
  public void hurry() {
    OpenMount now = opened;
    if (now != null) {
      now.hurry();
    }
  }

  /** For status: plain scalars, lists and maps. */
  public Map<String, Object> describe() {
    OpenMount now = opened;
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

  private String problem(OpenMount now) {
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
