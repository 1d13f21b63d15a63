package mortmain.file;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A growing byte array. A large block is copied only once, at the end, so it must not change before. Not thread-safe. */
final class Out {
  /** From so many bytes on a block is kept apart until the end. */
  static final int LARGE = 4096;

  private byte[] bytes;
  private int used;
  private final List<Apart> apart = new ArrayList<>(0);
  private int apartBytes;

  /** A large block, which lies before the byte {@code at} of the others. */
  private record Apart(int at, byte[] block) {}

  Out(int capacity) {
    bytes = new byte[capacity];
  }

  int size() {
    return used + apartBytes;
  }

  byte[] toBytes() {
    if (apart.isEmpty()) {
      return bytes.length == used ? bytes : Arrays.copyOf(bytes, used);
    }
    byte[] whole = new byte[size()];
    int from = 0;
    int to = 0;
    for (Apart next : apart) {
      System.arraycopy(bytes, from, whole, to, next.at() - from);
      to += next.at() - from;
      from = next.at();
      System.arraycopy(next.block(), 0, whole, to, next.block().length);
      to += next.block().length;
    }
    System.arraycopy(bytes, from, whole, to, used - from);
    return whole;
  }

  void u8(int value) {
    room(1);
    bytes[used++] = (byte) value;
  }

  /** 7 bits a byte, least significant first. */
  void varint(long value) {
    room(10);
    long rest = value;
    while ((rest & ~0x7fL) != 0) {
      bytes[used++] = (byte) (rest | 0x80);
      rest >>>= 7;
    }
    bytes[used++] = (byte) rest;
  }

  void i64(long value) {
    room(8);
    for (int shift = 56; shift >= 0; shift -= 8) {
      bytes[used++] = (byte) (value >>> shift);
    }
  }

  void i32(int value) {
    room(4);
    for (int shift = 24; shift >= 0; shift -= 8) {
      bytes[used++] = (byte) (value >>> shift);
    }
  }

  /** {@code at}: before the first large block. */
  void patch(int at, int value) {
    for (int i = 0; i < 4; i++) {
      bytes[at + i] = (byte) (value >>> (24 - 8 * i));
    }
  }

  /** Null is told from empty. */
  void text(String text) {
    if (text == null) {
      varint(0);
      return;
    }
    byte[] utf8 = text.getBytes(UTF_8);
    varint(utf8.length + 1L);
    raw(utf8);
  }

  void block(byte[] block) {
    varint(block.length);
    raw(block);
  }

  void raw(byte[] block) {
    if (block.length >= LARGE) {
      apart.add(new Apart(used, block));
      apartBytes += block.length;
      return;
    }
    room(block.length);
    System.arraycopy(block, 0, bytes, used, block.length);
    used += block.length;
  }

  private void room(int more) {
    if (used + more > bytes.length) {
      bytes = Arrays.copyOf(bytes, Math.max(used + more, bytes.length * 2));
    }
  }
}
