package mortmain.model;

/** Bounds of what a store takes. Sizes in bytes, {@code horizonMillis} the age and {@code horizonIds} the number of remembered ids. */
public record Limits(long value, int key, int keys, long commit, int metaPairs, int metaBytes, long horizonMillis, int horizonIds) {
  public static final Limits DEFAULT =
      new Limits(64L << 20, Key.MAX_BYTES, 1000, 128L << 20, 32, 4096, 24L * 3600 * 1000, 1_000_000);
}
