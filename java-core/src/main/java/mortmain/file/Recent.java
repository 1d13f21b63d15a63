package mortmain.file;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayDeque;
import java.util.Deque;
import mortmain.model.Event;
import mortmain.model.Key;

/**
 * The versions before the newest ones, and the reclamations, of the last minute: what reads at a revision need. Bounded in number too;
 * a read that finds its state gone says so. Guarded by the engine's lock.
 */
final class Recent {
  private static final long KEPT_NANOS = 60_000_000_000L;
  private static final int KEPT = 100_000;

  private record Successor(Version version, long at) {}

  private record Taking(Event.Reclaimed event, long at) {}

  private final Deque<Successor> successors = new ArrayDeque<>();
  private final Deque<Taking> takings = new ArrayDeque<>();
  private long forgottenTakings;

  /** Remembers when a version replaced the one before. */
  void wrote(Version version, long now) {
    if (version.older() != null) {
      successors.add(new Successor(version, now));
    }
    trim(now);
  }

  void reclaimed(Event.Reclaimed event, long now) {
    takings.add(new Taking(event, now));
  }

  void trim(long now) {
    while (!successors.isEmpty() && (successors.size() > KEPT || now - successors.peek().at() > KEPT_NANOS)) {
      successors.poll().version().cut();
    }
    while (!takings.isEmpty() && (takings.size() > KEPT || now - takings.peek().at() > KEPT_NANOS)) {
      forgottenTakings = takings.poll().event().revision();
    }
  }

  /** Keeps nothing of what was: after a replay nobody reads at an old revision. */
  void clear(long revision) {
    successors.forEach(successor -> successor.version().cut());
    successors.clear();
    takings.clear();
    forgottenTakings = revision;
  }

  /** What replaced a version after this revision is still here with it. */
  long keptSince(long now) {
    return successors.isEmpty() ? now : Math.min(now, successors.peek().version().revision - 1);
  }

  /** How many reclamations after a revision bumped the key, or -1 when that is not known any more. */
  int takingsSince(Key key, long revision) {
    if (revision < forgottenTakings) {
      return -1;
    }
    int count = 0;
    for (Taking taking : takings) {
      if (taking.event().revision() > revision && bumps(taking.event(), key)) {
        count++;
      }
    }
    return count;
  }

  private static boolean bumps(Event.Reclaimed event, Key key) {
    if (event.prefix() != null) {
      return key.startsWith(event.prefix().getBytes(UTF_8));
    }
    return event.keys().stream().anyMatch(taken -> taken.key().equals(key));
  }
}
