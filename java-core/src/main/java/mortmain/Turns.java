package mortmain;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import mortmain.model.Key;

/**
 * Lets updaters of a contested key go one after the other, so that none starves and none computes in vain. A hint only: a commit
 * without a turn is judged like any other. Thread-safe.
 */
final class Turns {
  /** A turn that is not used for so long passes on. Nanoseconds. */
  static final long LONGEST = 2_000_000_000L;

  private static final class Line {
    private long holder;
    private long since;
    private final Deque<Place> queue = new ArrayDeque<>();
  }

  private static final class Place {
    private final Thread thread = Thread.currentThread();
    private volatile long granted;
  }

  private final Map<Key, Line> lines = new HashMap<>();
  private final Map<Long, Key> held = new HashMap<>();
  private long last;

  /** The turn, or 0 when the time is over. */
  long take(Key key, long waitNanos) {
    long end = System.nanoTime() + waitNanos;
    Place place = new Place();
    synchronized (this) {
      Line line = lines.computeIfAbsent(key, k -> new Line());
      if (line.holder == 0 && line.queue.isEmpty()) {
        return grant(key, line);
      }
      line.queue.add(place);
    }
    boolean interrupted = false;
    while (place.granted == 0 && end - System.nanoTime() > 0) {
      LockSupport.parkNanos(this, Math.min(end - System.nanoTime(), LONGEST / 4));
      interrupted |= Thread.interrupted();
      passOnLate(key);
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return leave(key, place);
  }

  private synchronized long leave(Key key, Place place) {
    Line line = lines.get(key);
    if (place.granted == 0 && line != null) {
      line.queue.remove(place);
    }
    return place.granted;
  }

  /** Ends a turn; one that has passed on already, or 0, is ignored. */
  synchronized void end(long turn) {
    Key key = held.remove(turn);
    Line line = key == null ? null : lines.get(key);
    if (line != null && line.holder == turn) {
      next(key, line);
    }
  }

  private synchronized void passOnLate(Key key) {
    Line line = lines.get(key);
    if (line != null && line.holder != 0 && System.nanoTime() - line.since > LONGEST) {
      held.remove(line.holder);
      next(key, line);
    }
  }

  private void next(Key key, Line line) {
    line.holder = 0;
    Place place = line.queue.poll();
    if (place == null) {
      lines.remove(key);
      return;
    }
    place.granted = grant(key, line);
    LockSupport.unpark(place.thread);
  }

  private long grant(Key key, Line line) {
    line.holder = ++last;
    line.since = System.nanoTime();
    held.put(line.holder, key);
    return line.holder;
  }
}
