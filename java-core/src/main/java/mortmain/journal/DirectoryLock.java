package mortmain.journal;

import java.io.IOException;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.HashSet;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * One process, one JVM, one owner per directory: an exclusive lock on the empty file LOCK. Who holds it stands in LOCK.info.
 *
 * <p>Nothing but this class may open LOCK, and only once per JVM: closing any second descriptor of the file would drop the process's lock
 * (POSIX). So the directories that are held are remembered here and a second {@link #acquire} opens nothing. Safe for use by several
 * threads.
 */
public final class DirectoryLock implements AutoCloseable {
  private static final String FILE = "LOCK";
  private static final String INFO = "LOCK.info";
  /** What taking the lock leaves in a directory. */
  static final Set<String> FILES = Set.of(FILE, INFO, INFO + ".tmp");
  private static final Set<Object> HELD = new HashSet<>();

  private final Path file;
  private final Object directoryKey;
  private final Object key;
  private final AsynchronousFileChannel channel;
  private final FileLock lock;

  private DirectoryLock(Path file, Object directoryKey, Object key, AsynchronousFileChannel channel, FileLock lock) {
    this.file = file;
    this.directoryKey = directoryKey;
    this.key = key;
    this.channel = channel;
    this.lock = lock;
  }

  /** Takes the lock of an existing directory; empty when another process or this one holds it. Never waits. */
  public static Optional<DirectoryLock> acquire(Path directory) throws IOException {
    Path real = directory.toRealPath();
    Object directoryKey = Objects.requireNonNullElse(key(real), real);
    synchronized (HELD) {
      if (HELD.contains(directoryKey)) {
        return Optional.empty();
      }
      DirectoryLock lock = open(real.resolve(FILE), directoryKey);
      if (lock == null) {
        return Optional.empty();
      }
      try {
        writeInfo(real);
      } catch (IOException | RuntimeException e) {
        try (lock) {
          throw e;
        }
      }
      HELD.add(directoryKey);
      return Optional.of(lock);
    }
  }

  /** The file may be replaced between two steps; a lock on a file that nobody else finds is worth nothing, so it starts over. */
  private static DirectoryLock open(Path file, Object directoryKey) throws IOException {
    while (true) {
      Object before = keyOrNull(file);
      AsynchronousFileChannel channel = AsynchronousFileChannel.open(file, Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE,
          StandardOpenOption.CREATE, LinkOption.NOFOLLOW_LINKS), null);
      FileLock lock = tryLock(channel);
      if (lock == null) {
        channel.close();
        return null;
      }
      Object after = keyOrNull(file);
      if (Files.exists(file) && (before == null || before.equals(after))) {
        return new DirectoryLock(file, directoryKey, after, channel, lock);
      }
      channel.close();
    }
  }

  private static FileLock tryLock(AsynchronousFileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) {
      return null; // a second class loader of this JVM holds it
    } catch (IOException | RuntimeException e) {
      try (channel) {
        throw e;
      }
    }
  }

  private static void writeInfo(Path directory) throws IOException {
    boolean interrupted = Thread.interrupted(); // it would close the file under the write
    try {
      Path temporary = directory.resolve(INFO + ".tmp");
      Files.writeString(temporary, "pid " + ProcessHandle.current().pid() + "\nsince " + Instant.now() + "\n");
      Files.move(temporary, directory.resolve(INFO), StandardCopyOption.ATOMIC_MOVE);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** What LOCK.info says about the present or last holder, for people; empty when there is none. Opens no LOCK. */
  public static Optional<String> holder(Path directory) throws IOException {
    try {
      return Optional.of(Files.readString(directory.resolve(INFO)).strip().replace('\n', ' '));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  /** Whether LOCK is still the file that we locked: somebody may have deleted it, or replaced the directory. One stat; cheap. */
  public boolean stillOurs() {
    try {
      return lock.isValid() && Objects.equals(key, key(file));
    } catch (IOException e) {
      return false;
    }
  }

  private static Object keyOrNull(Path file) throws IOException {
    try {
      return key(file);
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  /** Device and inode; null where the file system has none (Windows, where an open file cannot be replaced). */
  private static Object key(Path file) throws IOException {
    return Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS).fileKey();
  }

  /** Gives the directory up. LOCK stays: deleting it would let two processes lock two files of that name. */
  @Override
  public void close() throws IOException {
    synchronized (HELD) {
      if (channel.isOpen()) {
        HELD.remove(directoryKey);
        channel.close();
      }
    }
  }
}
