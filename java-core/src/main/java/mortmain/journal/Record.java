package mortmain.journal;

/**
 * One opaque event record. The journal calls {@link #placed} exactly once, when the frame that holds it gets its place, before the frame
 * is written.
 *
 * <p>Immutable as far as the journal is concerned: the bytes must not change after the record was appended.
 */
@SuppressWarnings("JavaLangClash")
public abstract class Record {
  private final long revision;
  private final byte[] bytes;

  /** A record of a positive revision. The array is kept, not copied. */
  protected Record(long revision, byte[] bytes) {
    if (revision <= 0) {
      throw new IllegalArgumentException("revision " + revision + " is not positive");
    }
    this.revision = revision;
    this.bytes = bytes;
  }

  public final long revision() {
    return revision;
  }

  public final byte[] bytes() {
    return bytes;
  }

  /**
   * Tells where {@code bytes[0]} lies in the segment file. Called by the thread that leads the frame, under no lock of the journal; must be
   * cheap and must not throw.
   */
  protected abstract void placed(int segment, int offset);
}
