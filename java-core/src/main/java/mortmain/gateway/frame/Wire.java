package mortmain.gateway.frame;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/**
 * A connected channel with one reused input buffer: most requests take one read, most replies one write. Reading is for one thread;
 * another one may write at the same time, which the streams of a channel do not allow before Java 19.
 */
public final class Wire {
  /** Requests up to this size lie in the connection's own buffer and cost no budget. */
  public static final int OWN_BUFFER = 16 << 10;

  private static final int CHUNK = 128 << 10; // the JDK keeps a direct copy buffer of this size for each thread
  private static final byte[] NOTHING = {};

  private final SocketChannel channel;
  private byte[] buffer = NOTHING;
  private int at;
  private int end;

  public Wire(SocketChannel channel) {
    this.channel = channel;
  }

  SocketChannel channel() {
    return channel;
  }

  byte[] buffer() {
    return buffer;
  }

  int at() {
    return at;
  }

  /** Bytes that were read and not taken yet. */
  public int available() {
    return end - at;
  }

  /** The byte {@code ahead} of the next one; it must be available. */
  public byte peek(int ahead) {
    return buffer[at + ahead];
  }

  /** Takes bytes away. */
  public void skip(int bytes) {
    at += bytes;
  }

  /** Copies available bytes without taking them. */
  public byte[] copy(int bytes) {
    return java.util.Arrays.copyOfRange(buffer, at, at + bytes);
  }

  /** Waits for more bytes; false at the end of the stream. The buffer must not be full. */
  public boolean fill() throws IOException {
    if (at == end) {
      at = 0;
      end = 0;
    }
    if (end == buffer.length) {
      makeRoom(2 * (end - at));
    }
    int read = channel.read(ByteBuffer.wrap(buffer, end, Math.min(CHUNK, buffer.length - end)));
    if (read > 0) {
      end += read;
    }
    return read > 0;
  }

  /** Reads what is there from a channel that does not block: how many bytes, 0 for none, -1 at the end of the stream. */
  int fillNow() throws IOException {
    if (at == end) {
      at = 0;
      end = 0;
    }
    if (end == buffer.length) {
      makeRoom(2 * (end - at));
    }
    int read = channel.read(ByteBuffer.wrap(buffer, end, buffer.length - end));
    end += Math.max(0, read);
    return read;
  }

  /** Reads what comes until a time on the nanosecond clock, without sleeping; for a channel that blocks otherwise. */
  void look(long end) throws IOException {
    channel.configureBlocking(false);
    try {
      while (fillNow() == 0 && System.nanoTime() - end < 0) {
        Thread.onSpinWait();
      }
    } finally {
      channel.configureBlocking(true);
    }
  }

  /** Whether the peer has not closed, seen without waiting; what it sent meanwhile is kept. */
  boolean peerPresent() {
    try {
      channel.configureBlocking(false);
      try {
        if (end == buffer.length) {
          return true; // it is still sending
        }
        int read = channel.read(ByteBuffer.wrap(buffer, end, buffer.length - end));
        end += Math.max(0, read);
        return read >= 0;
      } finally {
        channel.configureBlocking(true);
      }
    } catch (IOException gone) {
      return false;
    }
  }

  /** Waits until so many bytes are available; they then lie in one piece. False when the stream ended before the first. */
  public boolean await(int bytes) throws IOException {
    if (end - at < bytes) {
      if (buffer.length - at < bytes) {
        makeRoom(bytes);
      }
      while (end - at < bytes) {
        if (!fill()) {
          if (end == at) {
            return false;
          }
          throw new EOFException("closed in the middle of a frame");
        }
      }
    }
    return true;
  }

  /** Throws bytes away as they come. */
  void discard(long bytes) throws IOException {
    long left = bytes;
    while (left > 0) {
      if (at == end && !fill()) {
        throw new EOFException("closed in the middle of a frame");
      }
      int now = (int) Math.min(left, end - at);
      at += now;
      left -= now;
    }
  }

  /** Drops a large buffer once its frame is done. */
  public void shrink() {
    if (buffer.length > OWN_BUFFER && end - at <= OWN_BUFFER) {
      move(new byte[OWN_BUFFER]);
    }
  }

  private void makeRoom(int bytes) {
    int wanted = Math.max(bytes, OWN_BUFFER);
    move(buffer.length < wanted ? new byte[wanted] : buffer);
  }

  private void move(byte[] into) {
    System.arraycopy(buffer, at, into, 0, end - at);
    buffer = into;
    end -= at;
    at = 0;
  }

  /** Writes all of it, in pieces that keep the JDK's copy buffer small. */
  public void write(byte[] bytes, int from, int to) throws IOException {
    ByteBuffer out = ByteBuffer.wrap(bytes);
    int next = from;
    while (next < to) {
      out.limit(Math.min(to, next + CHUNK)).position(next);
      channel.write(out);
      next = out.position();
    }
  }

  /** Writes what a channel that does not block takes now; returns where it stopped. */
  int writeNow(byte[] bytes, int from, int to) throws IOException {
    return from + channel.write(ByteBuffer.wrap(bytes, from, to - from));
  }

  /** Closes the channel from any thread; whoever reads or writes wakes up. */
  public void close() {
    try {
      channel.close();
    } catch (IOException alreadyGone) {
      // nothing is left to close
    }
  }
}
