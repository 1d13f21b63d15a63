package mortmain.disk;

import java.io.IOException;
import java.util.Collection;
import java.util.List;

/**
 * A directory that belongs to the user, in which some files are ours to replace. Paths are relative, with {@code /} between names; no
 * symbolic link is ever followed, neither at the end of a path nor on the way, so nothing outside the directory is touched.
 *
 * <p>Safe for use by several threads. Every failure is an {@link IOException} whose message a person can act on.
 */
public interface Folder extends AutoCloseable {
  /**
   * What lies under a name, as far as can be seen without reading it.
   *
   * @param kind of what lies there; a link is OTHER
   * @param id of the file itself: one that was replaced has another
   * @param size in bytes
   * @param modifiedNanos since 1970
   * @param mode the permissions
   */
  record Seen(Kind kind, Object id, long size, long modifiedNanos, Object mode) {}

  /** What can lie under a name. */
  enum Kind {
    FILE,
    DIRECTORY,
    OTHER
  }

  /** A temporary file on its way to a name, and how it looks. */
  record Staged(String name, Seen seen) {}

  /** Null when nothing is there; a way through something that is not a directory is an error. */
  Seen look(String path) throws IOException;

  /** The bytes of a regular file. Throws when there are more than {@code limit}. */
  byte[] read(String path, long limit) throws IOException;

  /** Writes a temporary file. Nothing is forced. */
  Staged stage(byte[] content) throws IOException;

  /**
   * Renames a temporary file, making the directories on its way. It replaces what has the name, and gets the permissions of that.
   *
   * @param replaced what was seen under the name a moment ago, or null
   * @return how it looks under its name
   */
  Seen install(Staged staged, String path, Seen replaced) throws IOException;

  /** Removes a temporary file that is not wanted; one that is gone is fine. */
  void discard(Staged staged);

  /** Removes a file, and the directories on its way that are empty then. */
  void remove(String path) throws IOException;

  /** Makes these names and the bytes behind them durable; a name that is gone stays gone. */
  void force(Collection<String> paths) throws IOException;

  /** The regular files below the directory, hidden ones and what lies below hidden directories left out, at most so many; in no order. */
  List<String> files(int limit) throws IOException;

  /** Whether names that differ in the case of letters only are one. */
  boolean foldsCase();

  /** Whether the path still leads to the directory that was opened. */
  boolean isThere();

  @Override
  void close();
}
