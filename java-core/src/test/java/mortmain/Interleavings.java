package mortmain;

import java.util.concurrent.atomic.AtomicReference;
import org.jetbrains.lincheck.Lincheck;
import org.jetbrains.lincheck.LincheckAssertionError;

/** Runs a piece of code under many orders of its threads' steps; a deadlock, a lost wake-up and a failed assertion are told with the steps that led there. */
public final class Interleavings {
  /** Lincheck takes a machine that stands still for a deadlock; one that it found comes with the steps that led there. */
  private static final int TRIES = 3;

  private Interleavings() {}

  public static void of(int runs, Runnable code) {
    for (int left = TRIES; ; left--) {
      try {
        Lincheck.runConcurrentTest(runs, code);
        return;
      } catch (LincheckAssertionError failure) {
        if (left == 1 || failure.getMessage().contains("interleaving")) {
          throw failure;
        }
      }
    }
  }

  /** The same code in two threads; returns when both have ended. */
  public static void twice(Runnable code) {
    both(code, code);
  }

  /** Two threads; returns when both have ended, or throws what one of them threw. */
  public static void both(Runnable one, Runnable other) {
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    Thread first = new Thread(() -> caught(one, thrown));
    Thread second = new Thread(() -> caught(other, thrown));
    first.start();
    second.start();
    try {
      first.join();
      second.join();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    if (thrown.get() != null) {
      throw new AssertionError("a thread failed", thrown.get());
    }
  }

  private static void caught(Runnable code, AtomicReference<Throwable> thrown) {
    try {
      code.run();
    } catch (RuntimeException | AssertionError e) {
      thrown.set(e);
    }
  }
}
