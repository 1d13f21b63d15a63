package mortmain;

import java.util.Arrays;
import java.util.Random;

/** Small changes to bytes: what a fuzzer does, without looking where it leads. Not thread-safe. */
public final class Mutations {
  private static final int[] ODD = {0, 1, 0x7f, 0x80, 0xff, '"', '[', ']', '{', '}', ',', ':'};
  private final Random random;

  public Mutations(long seed) {
    random = new Random(seed);
  }

  /** A copy with one to four changes; the first {@code kept} bytes stay as they are. */
  public byte[] of(byte[] seed, int kept) {
    byte[] bytes = seed.clone();
    for (int times = 1 + random.nextInt(4); times > 0; times--) {
      bytes = once(bytes, kept);
    }
    return bytes;
  }

  private byte[] once(byte[] bytes, int kept) {
    if (bytes.length <= kept) {
      return bytes;
    }
    int at = kept + random.nextInt(bytes.length - kept);
    int length = Math.min(bytes.length - at, 1 + random.nextInt(1 << random.nextInt(8)));
    switch (random.nextInt(6)) {
      case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
      case 1 -> bytes[at] = (byte) ODD[random.nextInt(ODD.length)];
      case 2 -> Arrays.fill(bytes, at, at + length, (byte) 0);
      case 3 -> System.arraycopy(bytes, at, bytes, kept + random.nextInt(bytes.length - kept - length + 1), length);
      case 4 -> bytes = without(bytes, at, length);
      default -> bytes = twice(bytes, at, length);
    }
    return bytes;
  }

  private static byte[] without(byte[] bytes, int at, int length) {
    byte[] less = Arrays.copyOf(bytes, bytes.length - length);
    System.arraycopy(bytes, at + length, less, at, bytes.length - at - length);
    return less;
  }

  private static byte[] twice(byte[] bytes, int at, int length) {
    byte[] more = Arrays.copyOf(bytes, bytes.length + length);
    System.arraycopy(bytes, at, more, at + length, bytes.length - at);
    return more;
  }
}
