package mortmain.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Builds frames in one direct buffer and writes them: one write for a frame that fits the buffer; a bigger one is gone through for its CRC
 * and then laid out and written in pieces, so that it costs no memory. Used by one thread at a time.
 */
final class FrameWriter {
  private static final int SMALLEST = 1 << 16;
  private static final int LARGEST = 1 << 20;

  private final Checksum checksum = new Checksum();
  private final ByteBuffer headerBuffer = ByteBuffer.allocate(Frame.HEADER);
  private ByteBuffer buffer = ByteBuffer.allocate(0); // a direct one from the first write on

  /** Writes the batch at the offset of the segment, not forced, and returns its CRC. */
  int write(Segment segment, long offset, Batch batch, int previousCrc) throws IOException {
    long length = Frame.length(batch.body);
    if (length > buffer.capacity() && buffer.capacity() < LARGEST) {
      buffer = ByteBuffer.allocateDirect((int) Math.min(LARGEST, Math.max(SMALLEST, Long.highestOneBit(length) << 1)));
    }
    checksum.begin(segment, offset);
    ByteBuffer header = header(batch, previousCrc);
    Layout layout = new Layout(batch.records, length);
    if (length <= buffer.capacity()) {
      return writeWhole(segment, offset, header, layout, (int) length);
    }
    return writeInPieces(segment, offset, header, layout);
  }

  private int writeWhole(Segment segment, long offset, ByteBuffer header, Layout layout, int length) throws IOException {
    buffer.clear().put(header);
    layout.fill(buffer);
    checksum.add(buffer, Frame.HEADER, length - Frame.TRAILER);
    int crc = checksum.value();
    buffer.putInt(Frame.FRAME_CRC, crc);
    buffer.putInt(length - 8, zeroSectors(buffer, offset, 0, length - Frame.TRAILER)).putInt(length - 4, Frame.END);
    segment.file().writeFully(offset, buffer.position(0).limit(length));
    return crc;
  }

  private int writeInPieces(Segment segment, long offset, ByteBuffer header, Layout layout) throws IOException {
    layout.addTo(checksum);
    int crc = checksum.value();
    header.putInt(Frame.FRAME_CRC, crc);
    int zeros = 0;
    for (long at = offset; !layout.done(); ) {
      // Pieces end where a sector ends: no sector is counted in halves, and no trailer is split.
      buffer.clear().limit(buffer.capacity() - (int) (at % Frame.SECTOR));
      if (at == offset) {
        buffer.put(header.rewind());
      }
      layout.fill(buffer);
      int end = buffer.position();
      int summed = layout.done() ? end - Frame.TRAILER : end;
      zeros += zeroSectors(buffer, at, 0, summed);
      if (layout.done()) {
        buffer.putInt(summed, zeros).putInt(summed + 4, Frame.END);
      }
      segment.file().writeFully(at, buffer.position(0).limit(end));
      at += end;
    }
    return crc;
  }

  private ByteBuffer header(Batch batch, int previousCrc) {
    ByteBuffer header = headerBuffer.clear();
    header.putInt(Frame.MAGIC).put(batch.mark ? Frame.MARK : Frame.RECORDS).put((byte) 0).putShort((short) 0);
    header.putInt((int) batch.body).putInt(batch.records.size()).putLong(batch.first).putLong(batch.last).putInt(previousCrc);
    checksum.add(header, 0, Frame.HEADER_CRC);
    header.putInt(Frame.HEADER_CRC, checksum.value()).putInt(Frame.FRAME_CRC, 0);
    checksum.restart();
    checksum.add(header, 0, Frame.FRAME_CRC);
    return header.clear();
  }

  /** Counts sectors, or the parts of them that lie in the range, that are all zero; the range's first byte lies at this file offset. */
  static int zeroSectors(ByteBuffer buffer, long fileOffset, int from, int to) {
    int zeros = 0;
    for (int at = from; at < to; ) {
      int end = (int) Math.min(to, at + Frame.SECTOR - (fileOffset + at - from) % Frame.SECTOR);
      if (allZero(buffer, at, end)) {
        zeros++;
      }
      at = end;
    }
    return zeros;
  }

  static boolean allZero(ByteBuffer buffer, int from, int to) {
    int at = from;
    for (; at + 8 <= to; at += 8) {
      if (buffer.getLong(at) != 0) {
        return false;
      }
    }
    for (; at < to; at++) {
      if (buffer.get(at) != 0) {
        return false;
      }
    }
    return true;
  }

  /** The body, padding and an empty trailer as one stream of bytes that can be poured into buffers piece by piece. */
  private static final class Layout {
    private final List<Record> records;
    private final long length;
    private final ByteBuffer prefix = ByteBuffer.allocate(Frame.RECORD_PREFIX);
    private long at = Frame.HEADER;
    private int next;
    private int taken;

    Layout(List<Record> records, long length) {
      this.records = records;
      this.length = length;
    }

    /** Adds what lies between the header and the trailer. */
    void addTo(Checksum checksum) {
      long end = Frame.HEADER;
      for (int i = 0; i < records.size(); i++) {
        byte[] bytes = records.get(i).bytes();
        checksum.add(prefix(records.get(i)), 0, Frame.RECORD_PREFIX);
        checksum.add(bytes, 0, bytes.length);
        end += Frame.RECORD_PREFIX + bytes.length;
      }
      checksum.add(new byte[(int) (length - Frame.TRAILER - end)], 0, (int) (length - Frame.TRAILER - end));
    }

    boolean done() {
      return at == length;
    }

    void fill(ByteBuffer into) {
      int begin = into.position();
      while (next < records.size() && into.hasRemaining()) {
        Record record = records.get(next);
        if (taken < Frame.RECORD_PREFIX) {
          putPrefix(into, record);
        } else {
          int n = Math.min(into.remaining(), record.bytes().length + Frame.RECORD_PREFIX - taken);
          into.put(record.bytes(), taken - Frame.RECORD_PREFIX, n);
          taken += n;
        }
        if (taken == Frame.RECORD_PREFIX + record.bytes().length) {
          next++;
          taken = 0;
        }
      }
      at += into.position() - begin;
      pad(into);
    }

    private void putPrefix(ByteBuffer into, Record record) {
      int n = Math.min(into.remaining(), Frame.RECORD_PREFIX - taken);
      into.put(prefix(record), taken, n);
      taken += n;
    }

    private byte[] prefix(Record record) {
      return prefix.clear().putInt(record.bytes().length).putLong(record.revision()).array();
    }

    private void pad(ByteBuffer into) {
      if (next == records.size()) {
        while (at < length && into.hasRemaining()) {
          into.put((byte) 0);
          at++;
        }
      }
    }
  }
}
