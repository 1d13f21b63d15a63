package mortmain.journal;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A frame header whose own CRC is right.
 *
 * @param segment where it lies
 * @param offset of the frame in the file
 * @param body length of the body in bytes
 */
record Header(Segment segment, long offset, byte kind, int body, int records, long first, long last, int previousCrc, int frameCrc) {
  /** Returns null when there is no valid header at the offset. */
  static Header read(Window window, Checksum checksum, Segment segment, long offset) throws IOException {
    ByteBuffer bytes = window.range(offset, Frame.HEADER);
    int at = window.index(offset);
    if (bytes.getInt(at) != Frame.MAGIC) {
      return null;
    }
    checksum.begin(segment, offset);
    checksum.add(bytes, at, at + Frame.HEADER_CRC);
    bytes.clear();
    int body = bytes.getInt(at + 8);
    if (bytes.getInt(at + Frame.HEADER_CRC) != checksum.value() || body < 0) {
      return null;
    }
    return new Header(segment, offset, bytes.get(at + 4), body, bytes.getInt(at + 12), bytes.getLong(at + 16), bytes.getLong(at + 24),
        bytes.getInt(at + 32), bytes.getInt(at + Frame.FRAME_CRC));
  }

  long end() {
    return offset + Frame.length(body);
  }

  /** Whether header, body and padding are what was written. The frame must end inside the segment. */
  boolean crcMatches(Window window, Checksum checksum) throws IOException {
    int length = (int) Frame.length(body);
    ByteBuffer bytes = window.range(offset, length);
    int at = window.index(offset);
    checksum.begin(segment, offset);
    checksum.add(bytes, at, at + Frame.FRAME_CRC);
    checksum.add(bytes, at + Frame.HEADER, at + length - Frame.TRAILER);
    return checksum.value() == frameCrc;
  }

}
