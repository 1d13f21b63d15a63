package mortmain.journal;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;

/**
 * The revisions that are not in a rewritten segment, as ranges: per range 8 bytes first and 8 bytes last revision, in order. For one thread.
 */
final class Holes {
  static final int RANGE = 16;

  private final ByteArrayOutputStream ranges = new ByteArrayOutputStream();
  private long last;

  /** {@code after}: the last revision before the segment. */
  Holes(long after) {
    this.last = after;
  }

  /** A record of this revision is there; called in order. */
  void present(long revision) {
    if (revision > last + 1) {
      ranges.writeBytes(ByteBuffer.allocate(RANGE).putLong(last + 1).putLong(revision - 1).array());
    }
    last = revision;
  }

  /** The ranges up to the last revision that the segment was written for. */
  byte[] upTo(long revision) {
    byte[] bytes = ranges.toByteArray();
    return revision <= last ? bytes : ByteBuffer.allocate(bytes.length + RANGE).put(bytes).putLong(last + 1).putLong(revision).array();
  }
}
