package mortmain.journal;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

/** Wakes those who wait for a condition that others make true. Costs one read where nobody waits. Thread-safe. */
final class Bell {
  private final AtomicInteger waiting = new AtomicInteger();

  /** To be called after the condition became true. */
  void ring() {
    if (waiting.get() > 0) {
      synchronized (this) {
        notifyAll();
      }
    }
  }

  /** Returns when the condition is true or the time is over. */
  synchronized void await(BooleanSupplier condition, long nanos) throws InterruptedException {
    long end = System.nanoTime() + nanos;
    waiting.incrementAndGet(); // before the condition is looked at: no ring is missed
    try {
      for (long left = nanos; left > 0 && !condition.getAsBoolean(); left = end - System.nanoTime()) {
        wait(Math.min(left / 1_000_000 + 1, 1L << 40));
      }
    } finally {
      waiting.decrementAndGet();
    }
  }
}
