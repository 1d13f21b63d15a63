package mortmain.file;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Tells which revisions are older than an age. Ages of more than a minute are told by the times of events, on a clock that goes on from the
 * newest event at open as the engine's clock does: a jump of the wall clock ages nothing while the store is open. What is younger than a minute
 * is told by the engine's clock alone, and nothing is older than the open. Guarded by the engine's lock.
 */
final class Ages {
  /** Reads at a revision may need what was current a minute ago. */
  static final long YOUNG_NANOS = 60_000_000_000L;

  private static final long SECOND_MICROS = 1_000_000;
  private static final int SAMPLES = 8192;

  private record Tick(long nanos, long revision) {}

  /** Time in microseconds of one event a second, and its revision. */
  private final TreeMap<Long, Long> times = new TreeMap<>();
  private final Deque<Tick> ticks = new ArrayDeque<>();
  private long settled;
  private long openedAt;
  private long openedNanos;

  void applied(long at, long revision) {
    if (times.isEmpty() || at - times.lastKey() >= SECOND_MICROS) {
      times.put(at, revision);
      if (times.size() > SAMPLES) {
        thin();
      }
    }
  }

  /** Of the older half every second one goes: the older, the coarser. */
  private void thin() {
    List<Long> all = new ArrayList<>(times.keySet());
    for (int i = 1; i < all.size() / 2; i += 2) {
      times.remove(all.get(i));
    }
  }

  void write(Out out) {
    out.varint(times.size());
    times.forEach((at, revision) -> {
      out.i64(at);
      out.varint(revision);
    });
  }

  void read(In in) {
    for (int left = in.count(); left > 0; left--) {
      times.put(in.i64(), in.varint());
    }
  }

  /** {@code at}: the time of the newest event; {@code nanos}: now, on the clock of claims. */
  void opened(long at, long nanos) {
    openedAt = at;
    openedNanos = nanos;
  }

  /** Called now and then. */
  void tick(long nanos, long revision) {
    if (ticks.isEmpty() || nanos - ticks.peekLast().nanos() >= 1_000_000_000L) {
      ticks.add(new Tick(nanos, revision));
    }
    while (!ticks.isEmpty() && nanos - ticks.peek().nanos() >= YOUNG_NANOS) {
      settled = ticks.remove().revision();
    }
  }

  /** Every revision up to this one is older than a minute. */
  long settled() {
    return settled;
  }

  /** Every revision up to this one is older than so many seconds, and than a minute. */
  long olderThan(long seconds, long nanos) {
    long now = openedAt + (nanos - openedNanos) / 1000;
    Map.Entry<Long, Long> sample = times.floorEntry(now - seconds * SECOND_MICROS);
    return seconds == 0 ? settled : sample == null ? 0 : Math.min(settled, sample.getValue());
  }
}
