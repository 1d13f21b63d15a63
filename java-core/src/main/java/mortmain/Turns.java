package mortmain;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongConsumer;
import mortmain.model.Key;

/**
 * Lets updaters of a contested key go one after the other, so that none starves and none computes in vain. A hint only: a commit
 * without a turn is judged like any other. Nobody blocks here: whoever ends a turn runs what the next one waits to do, which saves a
 * wake-up per turn. Thread-safe.
 */
final class Turns {
  /** A turn that is not used for so long passes on. Nanoseconds. */
  static final long LONGEST = 2_000_000_000L;

  /** How long a commit that ended a turn is kept back at most to be forced with those of the next turns. Nanoseconds. */
  static final long GATHERING = 1_000_000;

  private static final long LOOK_MILLIS = 250;

  private static final class Line {
    private long holder;
    private long since;
    private final Deque<Place> queue = new ArrayDeque<>();
  }

  /** {@code end}: on {@link System#nanoTime()}; {@code then} hears the turn, or 0 when the time is over. */
  private record Place(LongConsumer then, long end) {}

  private final Map<Key, Line> lines = new HashMap<>();
  private final Map<Long, Key> held = new HashMap<>();
  private long last;
  private volatile boolean taken;
  private final AtomicInteger awaited = new AtomicInteger();
  private Thread watch;

  /** Calls {@code then} once, now or later, on this thread or another. */
  void take(Key key, long waitNanos, LongConsumer then) {
    long turn;
    synchronized (this) {
      Line line = lines.computeIfAbsent(key, k -> new Line());
      if (line.holder != 0) {
        awaited.incrementAndGet();
        line.queue.add(new Place(then, System.nanoTime() + Math.min(waitNanos, Long.MAX_VALUE / 2)));
        keepWatch();
        return;
      }
      turn = grant(key, line);
    }
    then.accept(turn);
  }

  /** Whether somebody has a turn now: a hint, read without waiting. */
  boolean isTaken() {
    return taken;
  }

  /** How many wait for one: a hint, read without waiting. */
  int awaited() {
    return awaited.get();
  }

  /** Ends a turn and runs what the next one waits to do; one that has passed on already, or 0, is ignored. */
  void end(long turn) {
    if (turn == 0) {
      return;
    }
    Runnable next = null;
    synchronized (this) {
      Key key = held.remove(turn);
      Line line = key == null ? null : lines.get(key);
      if (line != null && line.holder == turn) {
        next = passOn(key, line);
      }
    }
    if (next != null) {
      next.run();
    }
  }

  /** Under the monitor; what it returns runs outside of it. */
  private Runnable passOn(Key key, Line line) {
    line.holder = 0;
    Place place = line.queue.poll();
    if (place == null) {
      lines.remove(key);
      taken = !lines.isEmpty();
      return null;
    }
    awaited.decrementAndGet();
    long turn = grant(key, line);
    return () -> place.then().accept(turn);
  }

  private long grant(Key key, Line line) {
    line.holder = ++last;
    line.since = System.nanoTime();
    held.put(line.holder, key);
    taken = true;
    return line.holder;
  }

  private void keepWatch() {
    if (watch == null) {
      watch = new Thread(this::watch, "mortmain-turns");
      watch.setDaemon(true);
      watch.start();
    }
  }

  private void watch() {
    try {
      while (true) {
        Thread.sleep(LOOK_MILLIS);
        List<Runnable> due = new ArrayList<>();
        synchronized (this) {
          lookForLate(due);
          if (due.isEmpty() && lines.isEmpty()) {
            watch = null;
            return;
          }
        }
        due.forEach(Runnable::run);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void lookForLate(List<Runnable> due) {
    long now = System.nanoTime();
    for (Map.Entry<Key, Line> each : List.copyOf(lines.entrySet())) {
      Line line = each.getValue();
      for (Iterator<Place> places = line.queue.iterator(); places.hasNext(); ) {
        Place place = places.next();
        if (now - place.end() >= 0) {
          places.remove();
          awaited.decrementAndGet();
          due.add(() -> place.then().accept(0));
        }
      }
      if (now - line.since > LONGEST) {
        held.remove(line.holder);
        Runnable next = passOn(each.getKey(), line);
        if (next != null) {
          due.add(next);
        }
      }
    }
  }
}
