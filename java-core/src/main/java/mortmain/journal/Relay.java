package mortmain.journal;

import java.util.concurrent.locks.LockSupport;

/** The thread that leads when callers are busy; parked while nothing is pending. Thread-safe. */
final class Relay {
  private final Runnable work;
  private final Thread thread = new Thread(this::run, "mortmain-force");
  private volatile boolean asked;
  private volatile boolean stopped;

  Relay(Runnable work) {
    this.work = work;
    thread.setDaemon(true);
    thread.start();
  }

  void wake() {
    asked = true;
    LockSupport.unpark(thread);
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
        work.run();
      } else {
        LockSupport.park(this);
      }
    }
  }
}
