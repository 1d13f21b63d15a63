package mortmain.engine;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;

/** Time that goes on only when a test says so: one monotonic clock in nanoseconds, and the wall. Used by one thread. */
public final class ManualClock extends Clock {
  private long nanos = 1_000_000_000_000L;
  private Instant wall = Instant.parse("2026-01-01T00:00:00Z");

  public long nanos() {
    return nanos;
  }

  public void advance(long by) {
    nanos += by;
    wall = wall.plusNanos(by);
  }

  /** Somebody sets the wall clock. */
  public void setWallBy(long seconds) {
    wall = wall.plusSeconds(seconds);
  }

  @Override
  public Instant instant() {
    return wall;
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
