package mortmain.file;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Time that goes on only when a test says so. The engine asks for the time of claims under its lock, on the thread of the caller, right before it
 * picks what a read shows: that is where a read has its place in the trace. Thread-safe.
 */
final class TracedClock extends Clock {
  private static final Instant BEGIN = Instant.parse("2026-01-01T00:00:00Z");

  private final Trace trace;
  private final AtomicLong nanos = new AtomicLong(1_000_000_000_000L);

  TracedClock(Trace trace) {
    this.trace = trace;
  }

  long nanos() {
    return nanos.get();
  }

  void advance(long by) {
    nanos.addAndGet(by);
  }

  Clocks clocks() {
    Clocks[] made = new Clocks[1];
    made[0] = new Clocks(() -> {
      if (made[0] != null && Thread.holdsLock(made[0])) {
        trace.looksNow(); // it is Clocks.claims() that asks
      }
      return nanos();
    }, this);
    return made[0];
  }

  @Override
  public Instant instant() {
    return BEGIN.plusNanos(nanos.get());
  }

  @Override
  public ZoneId getZone() {
    return ZoneOffset.UTC;
  }

  @Override
  public Clock withZone(ZoneId zone) {
    return this;
  }
}
