package mortmain.journal;

import java.util.concurrent.locks.LockSupport;

/** The thread that leads when callers are busy; parked while nothing is pending. Thread-safe. */
final class Relay {
  private final Runnable work;
  private final Runnable late;
  private final Thread thread = new Thread(this::run, "mortmain-force");
  private volatile boolean asked;
  private volatile boolean stopped;
  /** When to look for what nobody asked for, on {@link System#nanoTime()}; 0 for never. */
  private volatile long due;

  /** {@code work} after {@link #wake}, {@code late} some time after {@link #wakeIn}. */
  Relay(Runnable work, Runnable late) {
    this.work = work;
    this.late = late;
    thread.setDaemon(true);
    thread.start();
  }

  void wake() {
    asked = true;
    LockSupport.unpark(thread);
  }

  /** Keeps an earlier time. Called by one thread at a time. */
  void wakeIn(long nanos) {
    if (due == 0) {
      due = System.nanoTime() + nanos | 1; // never 0
      if (Thread.currentThread() != thread) {
        LockSupport.unpark(thread);
      }
    }
  }

  /** Ends the thread when its present work is done. */
  void stop() {
    stopped = true;
    LockSupport.unpark(thread);
  }

  private void run() {
    while (!stopped || asked) {
      if (asked) {
        asked = false;
        due = 0;
        work.run();
      } else {
        sleep();
      }
    }
  }

  private void sleep() {
    long then = due;
    if (then == 0) {
      LockSupport.park(this);
      return;
    }
    long left = then - System.nanoTime();
    if (left > 0) {
      LockSupport.parkNanos(this, left);
    } else {
      due = 0;
      late.run();
    }
  }
}
