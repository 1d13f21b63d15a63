package mortmain.file;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;

/** Reads what {@link Out} wrote. Not thread-safe. */
final class In {
  private final ByteBuffer buffer;
  private final int start;

  In(ByteBuffer buffer) {
    this.buffer = buffer;
    this.start = buffer.position();
  }

  int position() {
    return buffer.position() - start;
  }

  boolean more() {
    return buffer.hasRemaining();
  }

  int u8() {
    return buffer.get() & 0xff;
  }

  long varint() {
    long value = 0;
    for (int shift = 0; ; shift += 7) {
      byte b = buffer.get();
      value |= (b & 0x7fL) << shift;
      if (b >= 0) {
        return value;
      }
    }
  }

  int count() {
    return Math.toIntExact(varint());
  }

  long i64() {
    return buffer.getLong();
  }

  int i32() {
    return buffer.getInt();
  }

  String text() {
    int length = count();
    return length == 0 ? null : new String(raw(length - 1), UTF_8);
  }

  byte[] block() {
    return raw(count());
  }

  byte[] raw(int length) {
    byte[] bytes = new byte[length];
    buffer.get(bytes);
    return bytes;
  }
}
