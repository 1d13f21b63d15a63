package mortmain.journal;

import java.util.Arrays;

/** What the leaders did. Guarded by the lock of {@link GroupCommit}. */
final class Counters {
  private static final int BUCKETS = 40;

  private final long[] nanos = new long[BUCKETS];
  private long frames;
  private long marks;
  private long records;
  private long bytes;
  private long total;
  private long longest;

  void count(Batch batch, long forceNanos) {
    frames++;
    marks += batch.mark ? 1 : 0;
    records += batch.records.size();
    bytes += Frame.length(batch.body);
    total += forceNanos;
    longest = Math.max(longest, forceNanos);
    nanos[Math.min(BUCKETS - 1, 64 - Long.numberOfLeadingZeros(forceNanos))]++;
  }

  JournalStats stats() {
    return new JournalStats(frames, marks, records, bytes, total, longest, Arrays.stream(nanos).boxed().toList());
  }
}
