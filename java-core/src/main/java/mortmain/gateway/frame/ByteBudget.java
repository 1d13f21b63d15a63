package mortmain.gateway.frame;

import java.util.concurrent.Semaphore;

/**
 * Bounds the bytes of requests in flight, so that many large ones wait for each other instead of filling the heap. Counted in KiB.
 * First come, first served, so that a large request is not overtaken for ever. Safe for any number of threads.
 */
public final class ByteBudget {
  private static final int UNIT = 1024;

  private final Semaphore units;
  private final int total;

  /** A budget of a quarter of the heap. */
  public static ByteBudget ofHeap() {
    return new ByteBudget(Runtime.getRuntime().maxMemory() / 4);
  }

  public ByteBudget(long bytes) {
    total = (int) Math.min(Integer.MAX_VALUE, Math.max(1, bytes / UNIT));
    units = new Semaphore(total, true);
  }

  /** Bytes in all. */
  public long total() {
    return (long) total * UNIT;
  }

  /** Bytes that are taken now. */
  public long taken() {
    return (long) (total - units.availablePermits()) * UNIT;
  }

  /** Waits until so many bytes are free; the result is for {@link #free}. More than there are in all counts as all. */
  public int take(long bytes) throws InterruptedException {
    int wanted = (int) Math.min(total, (bytes + UNIT - 1) / UNIT);
    units.acquire(wanted);
    return wanted;
  }

  public void free(int taken) {
    units.release(taken);
  }
}
