package mortmain.journal;

import java.util.concurrent.locks.LockSupport;

/** One parked thread. Released once, with its frame's end. */
final class Waiter {
  private final Thread thread = Thread.currentThread();
  private volatile boolean released;

  /** An interrupt is kept for the caller, and ends nothing here. */
  void await() {
    boolean interrupted = false;
    while (!released) {
      LockSupport.park(this);
      interrupted |= Thread.interrupted();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  void release() {
    released = true;
    LockSupport.unpark(thread);
  }
}
