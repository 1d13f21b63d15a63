package mortmain.gateway.frame;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Looks for a client's next request for a moment before sleeping, where the last ones came at once: waking a sleeping core costs more
 * than a small request. Off where requests are further apart, and for all but one core's worth of connections at a time. Used by the
 * connection's own thread.
 */
final class Spin {
  private static final AtomicInteger SPINNING = new AtomicInteger();
  private static final int AT_ONCE = Runtime.getRuntime().availableProcessors() - 1;

  /** How long one look takes at most, and the pause between requests up to which it is worth it. Nanoseconds. */
  private static final long LONGEST = 60_000;

  private static final long WORTH = 90_000;

  private final Wire wire;
  private long pause = Long.MAX_VALUE / 16;
  private long answered;

  Spin(Wire wire) {
    this.wire = wire;
  }

  /** The reply was sent by the connection's own thread, which now waits for the next request. */
  void answered() {
    answered = System.nanoTime();
  }

  /** Waits for the first bytes of a request; false at the end of the stream. */
  boolean await(int bytes) throws IOException {
    long from = answered;
    answered = 0;
    if (from != 0 && pause < WORTH && wire.available() == 0) {
      look(from);
    }
    boolean more = wire.await(bytes);
    if (from != 0) {
      pause += (System.nanoTime() - from - pause) / 8;
    }
    return more;
  }

  private void look(long from) throws IOException {
    if (SPINNING.incrementAndGet() <= AT_ONCE) {
      wire.look(from + LONGEST);
    }
    SPINNING.decrementAndGet();
  }
}
