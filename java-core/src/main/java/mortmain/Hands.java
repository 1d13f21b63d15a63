package mortmain;

import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Work for a few threads. A thread that makes work ready while it settles its last piece goes on with it itself, and of those that wait the
 * one that worked last is woken: a chain of work stays where everything is warm. Thread-safe.
 */
final class Hands<W> {
  private static final class Hand<W> {
    private final Condition woken;
    private W given;
    /** What its thread has made ready itself; no other thread looks at it. */
    private W own;

    private Hand(Condition woken) {
      this.woken = woken;
    }
  }

  @SuppressWarnings("ThreadLocalUsage") // of one store: what is ready in another one is not this one's
  private final ThreadLocal<Hand<W>> mine = new ThreadLocal<>();

  private final ReentrantLock lock = new ReentrantLock();
  // Guarded by lock.
  private final ArrayDeque<W> ready = new ArrayDeque<>();
  private final ArrayDeque<Hand<W>> idle = new ArrayDeque<>();
  private boolean closed;

  /** Waits for work; null when there will be none any more. Interrupts do not end it, {@link #close} does. */
  W take() {
    Hand<W> hand = mine.get();
    if (hand == null) {
      hand = new Hand<>(lock.newCondition());
      mine.set(hand);
    }
    lock.lock();
    try {
      if (hand.own != null) {
        ready.add(hand.own); // behind what waits already, so that no chain keeps a thread for itself
        hand.own = null;
      }
      W work = ready.poll();
      if (work != null || closed) {
        return work;
      }
      idle.push(hand);
      while (hand.given == null && !closed) {
        hand.woken.awaitUninterruptibly();
      }
      work = hand.given;
      hand.given = null;
      return work;
    } finally {
      lock.unlock();
    }
  }

  /** Hands it to a thread, or keeps it for the next one that asks. False when there is no taking any more. */
  boolean give(W work) {
    Hand<W> hand = mine.get();
    if (hand != null && hand.own == null) {
      hand.own = work;
      return true;
    }
    lock.lock();
    try {
      if (closed) {
        return false;
      }
      Hand<W> woken = idle.poll();
      if (woken == null) {
        ready.add(work);
      } else {
        woken.given = work;
        woken.woken.signal();
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Ends every {@link #take}; returns what nobody has taken. */
  List<W> close() {
    lock.lock();
    try {
      closed = true;
      idle.forEach(hand -> hand.woken.signal());
      List<W> left = List.copyOf(ready);
      ready.clear();
      return left;
    } finally {
      lock.unlock();
    }
  }
}
