package mortmain.journal;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/** CRC32C that starts from a frame's seed. Used by one thread at a time. */
final class Checksum {
  private final CRC32C crc = new CRC32C();
  private final byte[] seed = new byte[20];
  private final ByteBuffer seedBuffer = ByteBuffer.wrap(seed);

  void begin(Segment segment, long offset) {
    seedBuffer.putLong(0, segment.salt()).putInt(8, segment.number()).putLong(12, offset);
    restart();
  }

  /** Starts again with the same seed. */
  void restart() {
    crc.reset();
    crc.update(seed, 0, seed.length);
  }

  /** Adds bytes of the buffer; leaves its position at {@code to} and its limit where it was. */
  void add(ByteBuffer buffer, int from, int to) {
    int limit = buffer.limit();
    buffer.limit(to).position(from);
    crc.update(buffer);
    buffer.limit(limit);
  }

  void add(byte[] bytes, int from, int to) {
    crc.update(bytes, from, to - from);
  }

  int value() {
    return (int) crc.getValue();
  }
}
