package mortmain.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;

/**
 * The file system as the journal sees it. Data and directory records reach the medium only when they are forced; until then a crash may
 * keep or lose each of them on its own.
 *
 * <p>Safe for use by several threads. Every failure is an {@link IOException}; a failed force must never be tried again, because the
 * kernel may have marked the page clean.
 */
public interface Disk {
  /** Bytes that a copy reads at once, and writes before it forces. */
  int COPY_STEP = 1 << 18;

  int FORCE_EVERY = 1 << 23;

  /** Opens an existing file for reading and writing. Throws {@link java.nio.file.NoSuchFileException}. */
  DiskFile open(Path file) throws IOException;

  /** Opens an existing file for reading alone, so that a medium that takes no writes will do. */
  default DiskFile openForReading(Path file) throws IOException {
    return open(file);
  }

  /** Copies a file to a new one, forced; by a clone that shares the blocks where the file system can do that. */
  default void copy(Path from, Path to) throws IOException {
    try (DiskFile source = openForReading(from)) {
      copy(source, source.size(), to);
    }
  }

  /** Copies the first bytes of a file to a new one, forced in steps: the disk is shared with those who commit. */
  default void copy(DiskFile from, long length, Path to) throws IOException {
    try (DiskFile copy = create(to)) {
      ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(COPY_STEP, length));
      for (long at = 0; at < length; ) {
        bytes.clear().limit((int) Math.min(bytes.capacity(), length - at));
        int read = bytes.remaining();
        from.readFully(at, bytes);
        copy.writeFully(at, bytes.flip());
        at += read;
        if (at == length || at % FORCE_EVERY == 0) {
          copy.force();
        }
      }
    }
  }

  /** Creates an empty file and opens it. Throws {@link java.nio.file.FileAlreadyExistsException}. */
  DiskFile create(Path file) throws IOException;

  boolean exists(Path file) throws IOException;

  /** Renames atomically, replacing what has the new name. Durable once the directory is forced. */
  void rename(Path from, Path to) throws IOException;

  /** Deletes a file. Durable once the directory is forced. */
  void delete(Path file) throws IOException;

  /** Names of what lies directly in the directory, sorted. */
  List<String> list(Path directory) throws IOException;

  /** Makes the names in this directory durable. */
  void forceDirectory(Path directory) throws IOException;

  /** Creates the directory and its missing parents, and forces every directory that got a new name by it. */
  void createDirectories(Path directory) throws IOException;

  /**
   * Opens a directory of the user's without following links, and removes what an earlier process left half-done in it. Throws when it is
   * missing (unless it is to be created), not the user's, or writable by others.
   */
  Folder folder(Path directory, boolean create) throws IOException;

  /** Bytes that may still be written to the file system that holds the path. */
  long usableSpace(Path path) throws IOException;
}
