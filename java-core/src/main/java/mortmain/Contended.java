package mortmain;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import mortmain.model.Change;
import mortmain.model.Contention;
import mortmain.model.ErrorCode;
import mortmain.model.Event;
import mortmain.model.Failure;
import mortmain.model.Key;
import mortmain.model.Rejection;

/**
 * Who wanted which key lately: the newest rejections and writes, and nothing older, however long the window that is asked for. Times are
 * nanoseconds on the engine's clock. Thread-safe.
 */
final class Contended {
  static final int REJECTIONS = 10_000;
  static final int WRITES = 20_000;

  private record Lost(Key key, String agent, Failure failure, long at) {}

  private record Wrote(Key key, String agent, boolean overwrite, long at) {}

  private final Deque<Lost> lost = new ArrayDeque<>();
  private final Deque<Wrote> written = new ArrayDeque<>();

  /** Heard inside the decision. */
  synchronized void wrote(Event event, long now) {
    if (event instanceof Event.Committed committed) {
      for (int i = 0; i < committed.changes().size(); i++) {
        Change change = committed.changes().get(i);
        if (!(change.content() instanceof Change.Kept)) {
          written.add(new Wrote(change.key(), committed.writer(), change.overwrite(), now));
        }
      }
      while (written.size() > WRITES) {
        written.remove();
      }
    }
  }

  /** One request was rejected; what is no conflict about a key does not count. */
  synchronized void rejected(String agent, Rejection rejection, long now) {
    for (Failure failure : rejection.failures()) {
      if (failure.key() != null && isConflict(failure.code())) {
        lost.add(new Lost(failure.key(), agent, failure, now));
      }
    }
    while (lost.size() > REJECTIONS) {
      lost.remove();
    }
  }

  private static boolean isConflict(ErrorCode code) {
    return switch (code) {
      case VERSION_CONFLICT, FENCED, CLAIM_HELD, CLAIM_LOST, FOREIGN_EDIT -> true;
      default -> false;
    };
  }

  /**
   * The keys with a rejection in the window, or with two writes in a row by different agents at most {@code within} apart; the most contested
   * first.
   */
  synchronized List<Contention> keys(long now, long window, long within) {
    Map<Key, Tally> tallies = new TreeMap<>();
    for (Iterator<Wrote> newest = written.descendingIterator(); newest.hasNext(); ) {
      Wrote one = newest.next();
      if (now - one.at > window) {
        break;
      }
      tallies.computeIfAbsent(one.key, Tally::new).add(one, within);
    }
    for (Iterator<Lost> newest = lost.descendingIterator(); newest.hasNext(); ) {
      Lost one = newest.next();
      if (now - one.at > window) {
        break;
      }
      tallies.computeIfAbsent(one.key, Tally::new).add(one, now);
    }
    List<Contention> found = new ArrayList<>();
    tallies.values().forEach(tally -> {
      if (tally.close || !tally.conflicts.isEmpty()) {
        found.add(tally.toContention());
      }
    });
    found.sort(Comparator.comparingLong(Contention::conflictCount).reversed());
    return found;
  }

  /** What is counted of one key, newest first. */
  private static final class Tally {
    private final Key key;
    private final Map<String, Long> writers = new TreeMap<>();
    private final Map<String, Long> rejected = new TreeMap<>();
    private final Map<ErrorCode, Long> conflicts = new EnumMap<>(ErrorCode.class);
    private long overwrites;
    private boolean close;
    private Wrote later;
    private Contention.Lost last;

    Tally(Key key) {
      this.key = key;
    }

    void add(Wrote one, long within) {
      writers.merge(one.agent, 1L, Long::sum);
      overwrites += one.overwrite ? 1 : 0;
      close |= later != null && !later.agent.equals(one.agent) && later.at - one.at <= within;
      later = one;
    }

    void add(Lost one, long now) {
      conflicts.merge(one.failure.code(), 1L, Long::sum);
      rejected.merge(one.agent, 1L, Long::sum);
      if (last == null) {
        Map<String, Object> details = one.failure.details();
        Long base = details.get("expected") instanceof Number number ? (Long) number.longValue() : null;
        Object winner = details.getOrDefault("winner", details.get("holder"));
        last = new Contention.Lost(one.agent, one.failure.code(), base, winner == null ? null : winner.toString(), now - one.at);
      }
    }

    Contention toContention() {
      return new Contention(key, writers, conflicts, rejected, overwrites, last);
    }
  }
}
