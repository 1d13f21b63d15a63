package mortmain.journal;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Frames without records: footers, and the holes of a rewritten segment. Stateless. */
final class RawFrame {
  private RawFrame() {}

  /** Writes a frame whose body is these bytes, not forced, and returns its CRC. {@code last}: the last revision before it. */
  static int write(Segment segment, long offset, byte kind, byte[] body, int previousCrc, long last) throws IOException {
    int length = (int) Frame.length(body.length);
    ByteBuffer frame = ByteBuffer.allocate(length);
    frame.putInt(Frame.MAGIC).put(kind).put((byte) 0).putShort((short) 0);
    frame.putInt(body.length).putInt(0).putLong(last).putLong(last).putInt(previousCrc);
    frame.position(Frame.HEADER).put(body);
    Checksum checksum = new Checksum();
    checksum.begin(segment, offset);
    checksum.add(frame, 0, Frame.HEADER_CRC);
    frame.putInt(Frame.HEADER_CRC, checksum.value());
    checksum.restart();
    checksum.add(frame, 0, Frame.FRAME_CRC);
    checksum.add(frame, Frame.HEADER, length - Frame.TRAILER);
    int crc = checksum.value();
    frame.putInt(Frame.FRAME_CRC, crc);
    frame.putInt(length - 8, FrameWriter.zeroSectors(frame, offset, 0, length - Frame.TRAILER)).putInt(length - 4, Frame.END);
    segment.file().writeFully(offset, frame.clear());
    return crc;
  }
}
