package mortmain.file;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import mortmain.journal.JournalPoisoned;

/** Once a second, and when somebody asks, does what is due for mirrored files. */
final class MirrorThread {
  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

  private final Mirrors mirrors;
  private final Thread thread = new Thread(this::run, "mortmain-mirror");
  private volatile boolean asked;
  private volatile boolean stopped;

  MirrorThread(Mirrors mirrors) {
    this.mirrors = mirrors;
    thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  /** Files that are behind are written soon, not now: false. */
  boolean later() {
    asked = true;
    LockSupport.unpark(thread);
    return false;
  }

  void stop() {
    stopped = true;
    LockSupport.unpark(thread);
    boolean interrupted = false;
    while (thread.isAlive() && thread != Thread.currentThread()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    long forced = System.nanoTime();
    try {
      while (!stopped) {
        long left = forced + SECOND - System.nanoTime();
        if (left > 0 && !asked) {
          LockSupport.parkNanos(this, left);
          continue;
        }
        asked = false;
        mirrors.pass(left <= 0);
        forced = left <= 0 ? System.nanoTime() : forced;
      }
    } catch (JournalPoisoned e) {
      stopped = true; // a poisoned journal tells everybody by itself
    }
  }
}
