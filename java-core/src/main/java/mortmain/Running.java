package mortmain;

import java.util.HashSet;
import java.util.Set;
import java.util.function.Predicate;

/** The runs of functions that are under way. Whoever looks for slow ones is not woken for each. Thread-safe. */
final class Running {
  private static final long LOOK_MILLIS = 100;

  private final Set<Reduction> all = new HashSet<>();

  synchronized void add(Reduction one) {
    all.add(one);
  }

  synchronized void remove(Reduction one) {
    all.remove(one);
  }

  /** A function that has been running for longer than so many nanoseconds, in a run that is wanted; null when there was none for a moment. */
  @SuppressWarnings("WaitNotInLoop") // whoever asks asks again
  synchronized Late older(long nanos, Predicate<Reduction> wanted) throws InterruptedException {
    long wait = LOOK_MILLIS;
    long now = System.nanoTime();
    for (Reduction one : all) {
      long left = nanos - one.runs(now);
      if (left <= 0 && wanted.test(one)) {
        return new Late(one, one.seen());
      } else if (left > 0) {
        wait = Math.min(wait, 1 + left / 1_000_000);
      }
    }
    wait(wait);
    return null;
  }

  /** Nobody waits for slow ones any longer just now. */
  synchronized void wakeUp() {
    notifyAll();
  }
}
