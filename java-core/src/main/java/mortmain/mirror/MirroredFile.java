package mortmain.mirror;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;
import mortmain.disk.Folder;
import mortmain.disk.Folder.Seen;
import mortmain.disk.Folder.Staged;
import mortmain.model.Key;
import mortmain.model.MortmainException;

/**
 * The file of one key: what we know to be in it, and how it looked then. One thread at a time looks and writes; whether it was edited may be
 * asked by anybody.
 */
final class MirroredFile {
  /** A file system may keep times of whole seconds or two: what is older than that cannot change without being seen. */
  private static final long COARSE_NANOS = 3_000_000_000L;

  private static final int MILLI = 1_000_000;

  final Key key;
  final String path;
  final ReentrantLock lock = new ReentrantLock();

  private boolean checked;

  /** The revision of the version in the file; 0 when it holds none. */
  private volatile long put;

  private Seen seen;
  private boolean stamped;
  private long length;
  private long sum;

  /** The revision of the key's newest commit of this run, durable or not. Set under the engine's lock. */
  volatile long decided;

  /** What somebody else did, in words; null: nothing. */
  private volatile String edited;

  private volatile String problem;

  MirroredFile(Key key, String path) {
    this.key = key;
    this.path = path;
  }

  long put() {
    return put;
  }

  String edited() {
    return edited;
  }

  String problem() {
    return problem;
  }

  /** Looks whether it is as we left it; the first time, whether it may be ours. Under its lock. */
  void look(Folder folder, Source source, Through through) {
    try {
      Seen now = present(folder.look(path), source);
      if (!checked) {
        check(now, folder, source, through);
        checked = true;
      } else if (Rules.untouched(now, seen) && settled()) {
        edited = null;
      } else {
        examine(now, folder, source);
      }
    } catch (IOException | MortmainException e) {
      problem = Said.of(e);
    }
  }

  /** A directory is no file of a key that has no value: keys below it may be there. */
  private Seen present(Seen now, Source source) {
    return now != null && now.kind() == Folder.Kind.DIRECTORY && !source.newest(key).exists() ? null : now;
  }

  /** At start-up: it is ours if it shows a version that a crash may have left in it, or nothing. */
  private void check(Seen now, Folder folder, Source source, Through through) throws IOException {
    Shown newest = source.newest(key);
    stamped = false;
    if (now == null) {
      put = newest.exists() ? 0 : newest.revision();
      return;
    }
    byte[] bytes = bytes(now, folder, source);
    if (bytes == null) {
      return;
    }
    Shown ours = ours(bytes, newest, source, through);
    if (ours == null) {
      edited = "it was written by somebody else";
      return;
    }
    seen = now;
    put = ours.revision();
    holds(bytes);
  }

  /** Null when it cannot be read, which nobody but somebody else can have brought about. */
  private byte[] bytes(Seen now, Folder folder, Source source) throws IOException {
    if (now.kind() != Folder.Kind.FILE) {
      edited = "it is not a file";
      return null;
    }
    try {
      return folder.read(path, most(now, source));
    } catch (NoSuchFileException e) {
      throw e;
    } catch (IOException e) {
      edited = "it cannot be read (" + Said.of(e) + ")";
      return null;
    }
  }

  /** Bytes that may be ours: JSON is longer in a file than in the journal, and the limit of values may be lower now than it was. */
  private long most(Seen now, Source source) {
    long most = Math.max(source.limit(), length);
    Shown newest = now.size() > most ? source.newest(key) : null;
    return newest != null && newest.exists() ? Math.max(most, Rendering.of(newest.value().get()).length) : most;
  }

  /** The version that a file shows, or null. Of a file that is empty, or torn, a version that is none. */
  private Shown ours(byte[] bytes, Shown newest, Source source, Through through) {
    if (shows(bytes, newest)) {
      return newest;
    }
    boolean ever = newest.revision() > 0; // of a key that nobody ever wrote we left no file, not an empty one either
    boolean torn = (bytes.length == 0 && ever) || isTorn(bytes, newest, through);
    long replacedAt = newest.revision();
    for (Shown version : source.before(key, newest)) {
      if (!Rules.mayBeOurs(replacedAt, through)) {
        break;
      }
      if (shows(bytes, version)) {
        return version;
      }
      torn = torn || isTorn(bytes, version, through);
      replacedAt = version.revision();
    }
    if (torn && bytes.length > 0) {
      source.keepAside(key, bytes);
    }
    return torn ? new Shown(0, null) : null;
  }

  private static boolean isTorn(byte[] bytes, Shown version, Through through) {
    return version.exists() && Rules.mayBeTorn(version, through) && Rendering.torn(bytes, version.value().get());
  }

  private static boolean shows(byte[] bytes, Shown version) {
    return version.exists() && Rendering.shows(bytes, version.value().get());
  }

  /** Something is different: is it the content? A file that is missing was not edited, it is put back. */
  private void examine(Seen now, Folder folder, Source source) throws IOException {
    if (now == null) {
      seen = null;
      put = 0;
      edited = null;
      return;
    }
    byte[] bytes = bytes(now, folder, source);
    if (bytes == null) {
      return;
    }
    Shown newest = source.newest(key);
    boolean same = seen != null && bytes.length == length && sum(bytes) == sum;
    if (!same && !shows(bytes, newest)) {
      edited = seen == null ? "it was written by somebody else" : "it was edited by somebody else";
      return;
    }
    put = same ? put : newest.revision();
    edited = null;
    stamped = stamped && Rules.untouched(now, seen);
    seen = now;
    holds(bytes);
  }

  /** Whether an edit since it was seen would have left a mark: our own times are finer than the ticks of the kernel's clock. */
  private boolean settled() {
    return seen == null
        || (stamped && seen.modifiedNanos() % MILLI != 0)
        || TimeUnit.MILLISECONDS.toNanos(System.currentTimeMillis()) - seen.modifiedNanos() > COARSE_NANOS;
  }

  private void holds(byte[] bytes) {
    length = bytes.length;
    sum = sum(bytes);
  }

  private static long sum(byte[] bytes) {
    CRC32 first = new CRC32();
    CRC32C second = new CRC32C();
    first.update(bytes);
    second.update(bytes);
    return first.getValue() << 32 | second.getValue();
  }

  /** Brings the file to the key's newest durable version if it is behind; says whether it wrote. Under its lock, after a look. */
  boolean bring(Folder folder, Source source, Through through) {
    try {
      problem = null;
      if (!checked) {
        look(folder, source, through);
      }
      Shown newest = source.newest(key);
      if (edited != null || !checked || !Rules.newer(newest, put)) {
        return false;
      }
      return newest.exists() ? write(Rendering.of(newest.value().get()), newest, folder, source) : remove(newest, folder, source);
    } catch (IOException | MortmainException e) {
      problem = Said.of(e);
      return false;
    }
  }

  private boolean write(byte[] bytes, Shown version, Folder folder, Source source) throws IOException {
    Staged staged = folder.stage(bytes);
    try {
      Seen now = folder.look(path);
      if (!isOurs(now, folder, source)) {
        folder.discard(staged);
        return false;
      }
      seen = folder.install(staged, path, now);
    } catch (IOException | RuntimeException e) {
      folder.discard(staged);
      throw e;
    }
    stamped = true;
    holds(bytes);
    put = version.revision();
    return true;
  }

  private boolean remove(Shown version, Folder folder, Source source) throws IOException {
    Seen now = present(folder.look(path), source);
    if (!isOurs(now, folder, source)) {
      return false;
    }
    if (now != null) {
      folder.remove(path);
    }
    seen = null;
    put = version.revision();
    return true;
  }

  /** The last look before the rename. */
  private boolean isOurs(Seen now, Folder folder, Source source) throws IOException {
    if (Rules.untouched(now, seen) && settled()) {
      return true;
    }
    if (now != null) {
      examine(now, folder, source);
    }
    return edited == null;
  }

  /** The edit became a version. Under its lock. */
  void adopted(byte[] bytes, Seen as, long revision) {
    edited = null;
    problem = null;
    checked = true;
    seen = as;
    stamped = false;
    holds(bytes);
    put = revision;
  }

  /** Its bytes could not be forced: they are written again, to another file. Under its lock. */
  void rewrite() {
    put = 0;
  }
}
