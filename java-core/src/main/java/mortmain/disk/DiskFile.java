package mortmain.disk;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * One open file. Reads and writes name their position in bytes; there is no current position.
 *
 * <p>Safe for use by several threads. An interrupt of a thread inside a call neither ends the call nor closes the file.
 */
public interface DiskFile extends AutoCloseable {
  /** Reads at most what fits, and returns how many bytes it read, or -1 at the end of the file. */
  int read(long position, ByteBuffer into) throws IOException;

  /** Writes at most what remains, and returns how many bytes it wrote; that may be fewer. */
  int write(long position, ByteBuffer from) throws IOException;

  /** Size in bytes. */
  long size() throws IOException;

  /** Makes the data (and the size, if it changed) durable. After a failure nothing is known about any unforced byte. */
  void force() throws IOException;

  @Override
  void close() throws IOException;

  /** Fills the buffer, or throws {@link EOFException}. */
  default void readFully(long position, ByteBuffer into) throws IOException {
    long at = position;
    while (into.hasRemaining()) {
      int n = read(at, into);
      if (n < 0) {
        throw new EOFException("end of file at " + at);
      }
      at += n;
    }
  }

  /** Writes all that remains. The disk may take it in several steps. */
  default void writeFully(long position, ByteBuffer from) throws IOException {
    long at = position;
    while (from.hasRemaining()) {
      int n = write(at, from);
      if (n <= 0) {
        throw new IOException("the disk accepted none of " + from.remaining() + " bytes at " + at);
      }
      at += n;
    }
  }
}
