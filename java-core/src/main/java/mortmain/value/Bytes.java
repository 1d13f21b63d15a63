package mortmain.value;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A growing array of bytes: ByteArrayOutputStream without its lock.
 *
 * <p>Not thread-safe: belongs to one call.
 */
final class Bytes {
  private byte[] array;
  private int size;

  Bytes(int expected) {
    array = new byte[Math.max(16, expected)];
  }

  Bytes add(char ascii) {
    room(1);
    array[size++] = (byte) ascii;
    return this;
  }

  Bytes add(byte[] from, int start, int end) {
    room(end - start);
    System.arraycopy(from, start, array, size, end - start);
    size += end - start;
    return this;
  }

  Bytes add(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    return add(utf8, 0, utf8.length);
  }

  byte[] toArray() {
    return size == array.length ? array : Arrays.copyOf(array, size);
  }

  private void room(int more) {
    int needed = Math.addExact(size, more);
    if (needed > array.length) {
      array = Arrays.copyOf(array, (int) Math.min(Integer.MAX_VALUE - 8L, Math.max(needed, size * 2L)));
    }
  }
}
