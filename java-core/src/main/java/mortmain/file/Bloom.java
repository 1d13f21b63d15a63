package mortmain.file;

import mortmain.model.Key;

/** Says of most keys that they are not in a set: 10 bits a key, one in a hundred is taken for one that is. */
final class Bloom {
  private static final int BITS_A_KEY = 10;
  private static final int PROBES = 7;

  private Bloom() {}

  /** Words of 64 bits for so many keys. */
  static int words(long keys) {
    return Math.toIntExact((keys * BITS_A_KEY + 63) / 64);
  }

  static void add(long[] words, Key key) {
    long hash = hash(key);
    for (int i = 0; i < PROBES; i++) {
      int bit = bit(hash, i, words.length);
      words[bit >>> 6] |= 1L << (bit & 63);
    }
  }

  static boolean mayHave(long[] words, Key key) {
    long hash = hash(key);
    for (int i = 0; i < PROBES && words.length > 0; i++) {
      int bit = bit(hash, i, words.length);
      if ((words[bit >>> 6] & (1L << (bit & 63))) == 0) {
        return false;
      }
    }
    return words.length > 0;
  }

  private static int bit(long hash, int probe, int words) {
    int mixed = (int) hash + probe * ((int) (hash >>> 32) | 1);
    return (int) (((mixed & 0xffffffffL) * (words * 64L)) >>> 32);
  }

  private static long hash(Key key) {
    long hash = 0x9e3779b97f4a7c15L;
    for (byte b : key.utf8()) {
      hash = (hash ^ b) * 0x100000001b3L;
    }
    hash = (hash ^ (hash >>> 33)) * 0xff51afd7ed558ccdL;
    hash = (hash ^ (hash >>> 33)) * 0xc4ceb9fe1a85ec53L;
    return hash ^ (hash >>> 33);
  }
}
