package mortmain.journal;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Reads a segment file in big steps. Used by one thread. */
final class Window {
  private static final int STEP = 1 << 18;

  private final Segment segment;
  private ByteBuffer buffer = ByteBuffer.allocate(0);
  private long start;
  private int filled;

  Window(Segment segment) {
    this.segment = segment;
  }

  /** Returns the buffer that holds this range of the file; {@link #index} says where. Valid until the next call. */
  ByteBuffer range(long from, int length) throws IOException {
    if (from < start || from + length > start + filled) {
      load(from, length);
    }
    return buffer.clear();
  }

  /** Index in the buffer of this byte of the file. */
  int index(long at) {
    return (int) (at - start);
  }

  private void load(long from, int length) throws IOException {
    int wanted = (int) Math.min(Math.max(STEP, length), segment.size() - from);
    if (buffer.capacity() < wanted) {
      buffer = ByteBuffer.allocate(wanted);
    }
    filled = 0;
    segment.file().readFully(from, buffer.clear().limit(wanted));
    start = from;
    filled = wanted;
  }

  boolean zero(long from, long to) throws IOException {
    return firstNonZero(from, to) == to;
  }

  /** The first byte of the range that is not zero, or its end. */
  long firstNonZero(long from, long to) throws IOException {
    for (long at = from; at < to; ) {
      int length = (int) Math.min(Frame.SECTOR, to - at);
      ByteBuffer bytes = range(at, length);
      int index = index(at);
      if (!FrameWriter.allZero(bytes, index, index + length)) {
        while (bytes.get(index) == 0) {
          index++;
          at++;
        }
        return at;
      }
      at += length;
    }
    return to;
  }

  /** One past the last byte of the range that is not zero, or its start. */
  long afterLastNonZero(long from, long to) throws IOException {
    long end = from;
    for (long at = firstNonZero(from, to); at < to; at = firstNonZero(at + 1, to)) {
      end = at + 1;
    }
    return end;
  }
}
