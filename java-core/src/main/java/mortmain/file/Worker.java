package mortmain.file;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A thread that lives until it is told to stop, and waits in between. Everything but the waiting may be done by any thread. */
final class Worker {
  private final Thread thread;
  private volatile boolean stopping;
  private volatile boolean woken;

  Worker(String name, Runnable life) {
    thread = new Thread(life, name);
    thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  /** Whether it is to end, or has. */
  boolean stopping() {
    return stopping;
  }

  /** Waits until the time is over or somebody wakes it; says whether to go on. An interrupt ends it. On its own thread. */
  boolean rest(long nanos) {
    long end = System.nanoTime() + nanos;
    for (long left = nanos; left > 0 && !stopping && !woken; left = end - System.nanoTime()) {
      LockSupport.parkNanos(this, left);
      if (Thread.interrupted()) {
        stopping = true;
      }
    }
    woken = false;
    return !stopping;
  }

  /** The rest that it has, or takes next, is over. */
  void wake() {
    woken = true;
    LockSupport.unpark(thread);
  }

  /** Tells it to end. */
  void end() {
    stopping = true;
    LockSupport.unpark(thread);
  }

  /** Tells it to end, and returns when it has. An interrupt of the caller is kept for later. */
  void stop() {
    end();
    boolean interrupted = false;
    while (thread.isAlive() && thread != Thread.currentThread()) {
      try {
        thread.join(TimeUnit.SECONDS.toMillis(5));
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
