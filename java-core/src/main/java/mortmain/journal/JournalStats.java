package mortmain.journal;

import java.util.List;

/**
 * What was written since the journal was opened. Immutable.
 *
 * @param forces frames that were forced, marks included: one force each
 * @param marks how many of them were empty
 * @param bytes of frames, padding included
 * @param forceNanos sum over all forces
 * @param longestForceNanos the longest single one
 * @param histogram number of forces of less than 2 to the power of index nanoseconds, and at least half of that
 */
public record JournalStats(long forces, long marks, long records, long bytes, long forceNanos, long longestForceNanos, List<Long> histogram) {
  /** An upper bound of the force time in nanoseconds that this share of the forces (0 to 1) did not exceed; 0 without forces. */
  public long forceNanosAt(double share) {
    long seen = 0;
    for (int i = 0; i < histogram.size(); i++) {
      seen += histogram.get(i);
      if (seen > 0 && seen >= share * forces) {
        return Math.min(longestForceNanos, 1L << i);
      }
    }
    return 0;
  }
}
