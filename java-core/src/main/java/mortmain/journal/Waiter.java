package mortmain.journal;

import java.util.concurrent.locks.LockSupport;

/** One parked thread. Released once: with its frame's end, or with the leadership. */
final class Waiter {
  private final Thread thread = Thread.currentThread();
  private volatile boolean released;
  /** Written before the release, read after it. */
  private boolean leads;

  /** Returns true when the caller must lead now. An interrupt is kept for the caller, and ends nothing here. */
  boolean await() {
    boolean interrupted = false;
    while (!released) {
      LockSupport.park(this);
      interrupted |= Thread.interrupted();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return leads;
  }

  void release(boolean lead) {
    leads = lead;
    released = true;
    LockSupport.unpark(thread);
  }
}
