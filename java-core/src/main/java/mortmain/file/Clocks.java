package mortmain.file;

import java.time.Clock;
import java.time.Instant;
import java.util.function.LongSupplier;

/**
 * The engine's clocks. Claims expire on one that a suspended machine or process does not advance: between two ticks it goes on for at
 * most {@link #STRIDE}, so that time nobody could have renewed in is credited to all claims. Thread-safe.
 */
final class Clocks {
  /** A tick that comes later than this was not late by accident. Nanoseconds. */
  static final long STRIDE = 1_000_000_000L;

  private final LongSupplier nanos;
  private final Clock wall;
  private long lastTick;
  private long claimTime;

  Clocks(LongSupplier nanos, Clock wall) {
    this.nanos = nanos;
    this.wall = wall;
    this.lastTick = nanos.getAsLong();
  }

  static Clocks system() {
    return new Clocks(System::nanoTime, Clock.systemUTC());
  }

  /** Nanoseconds; the clock of deadlines. */
  long now() {
    return nanos.getAsLong();
  }

  /** Nanoseconds on the clock of claims. */
  synchronized long claims() {
    return claimTime + Math.min(nanos.getAsLong() - lastTick, STRIDE);
  }

  /** Called several times a second. */
  synchronized void tick() {
    long now = nanos.getAsLong();
    claimTime += Math.min(now - lastTick, STRIDE);
    lastTick = now;
  }

  /** Microseconds since 1970, never before {@code newest}, the time of the newest event. */
  long wall(long newest) {
    Instant now = wall.instant();
    return Math.max(newest, now.getEpochSecond() * 1_000_000 + now.getNano() / 1000);
  }
}
