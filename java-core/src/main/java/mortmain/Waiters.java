package mortmain;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import mortmain.model.Event;
import mortmain.model.Key;

/**
 * Who waits for claims to end: claimers first come, first served, and delta commits. A hint only: safety never depends on it, and it is
 * lost with the process. Thread-safe.
 */
final class Waiters {
  private final Map<Key, List<Waiter>> byKey = new HashMap<>();

  /** A place in the queue of some keys; used by one thread. */
  final class Waiter implements AutoCloseable {
    private final Thread thread = Thread.currentThread();
    private final List<Key> keys;
    private final String holder;
    private volatile boolean signalled;

    private Waiter(List<Key> keys, String holder) {
      this.keys = keys;
      this.holder = holder;
    }

    /** Until a claim of the keys ended, or nanoseconds passed. Take a place, then decide, then wait: no signal is missed. */
    void await(long nanos) {
      long end = System.nanoTime() + nanos;
      boolean interrupted = false;
      while (!signalled && end - System.nanoTime() > 0) {
        LockSupport.parkNanos(this, end - System.nanoTime());
        interrupted |= Thread.interrupted();
      }
      signalled = false;
      if (interrupted) {
        thread.interrupt();
      }
    }

    @Override
    public void close() {
      synchronized (byKey) {
        for (Key key : keys) {
          List<Waiter> queue = byKey.get(key);
          queue.remove(this);
          if (queue.isEmpty()) {
            byKey.remove(key);
          } else {
            queue.forEach(Waiter::signal);
          }
        }
      }
    }

    private void signal() {
      signalled = true;
      LockSupport.unpark(thread);
    }
  }

  /** {@code holder} null for a commit, which does not stand in the way of claimers. */
  Waiter enter(List<Key> keys, String holder) {
    Waiter waiter = new Waiter(keys, holder);
    synchronized (byKey) {
      keys.forEach(key -> byKey.computeIfAbsent(key, k -> new ArrayList<>(1)).add(waiter));
    }
    return waiter;
  }

  /** The holder of the first claimer in the queue, unless that is the one who asks; null when nobody is before it. */
  String before(Key key, Waiter me) {
    synchronized (byKey) {
      for (Waiter waiter : byKey.getOrDefault(key, List.of())) {
        if (waiter == me) {
          return null;
        } else if (waiter.holder != null) {
          return waiter.holder;
        }
      }
      return null;
    }
  }

  /** Heard inside the decision. */
  void on(Event event) {
    if (event instanceof Event.ClaimReleased released) {
      wake(released.key());
    } else if (event instanceof Event.Reclaimed reclaimed) {
      reclaimed.keys().forEach(taken -> wake(taken.key()));
    }
  }

  private void wake(Key key) {
    synchronized (byKey) {
      byKey.getOrDefault(key, List.of()).forEach(Waiter::signal);
    }
  }
}
