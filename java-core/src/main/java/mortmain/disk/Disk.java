package mortmain.disk;

import java.io.IOException;
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
  /** Opens an existing file for reading and writing. Throws {@link java.nio.file.NoSuchFileException}. */
  DiskFile open(Path file) throws IOException;

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

  /** Bytes that may still be written to the file system that holds the path. */
  long usableSpace(Path path) throws IOException;
}
