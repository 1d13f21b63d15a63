package mortmain.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import mortmain.model.Event;

/**
 * The accepted requests in two halves, as plain lists: when the younger half is full the older one is forgotten. A restart starts again
 * from everything that was ever accepted. Used by one thread.
 */
final class MemoryRequests {
  private record Accepted(String id, Event event) {}

  private final int half;
  private final List<Accepted> all = new ArrayList<>();
  private List<Accepted> younger = new ArrayList<>();
  private List<Accepted> older = new ArrayList<>();
  private long horizon;
  /** When somebody else says what is remembered: everything behind this revision. */
  private long told = -1;

  MemoryRequests(int ids) {
    this.half = Math.max(1, ids / 2);
  }

  private static String idOf(Event event) {
    if (event instanceof Event.Committed committed) {
      return committed.requestId();
    } else if (event instanceof Event.Reclaimed reclaimed) {
      return reclaimed.requestId();
    } else if (event instanceof Event.ClaimGranted granted) {
      return granted.claimId();
    }
    return event instanceof Event.RequestRefused refused ? refused.requestId() : null;
  }

  void accepted(Event event) {
    if (idOf(event) != null) {
      all.add(new Accepted(idOf(event), event));
      remember(all.get(all.size() - 1));
    }
  }

  private void remember(Accepted accepted) {
    rotate();
    younger.add(accepted);
  }

  /** Also called now and then. */
  void rotate() {
    if (younger.size() >= half) {
      if (!older.isEmpty()) {
        horizon = Math.max(horizon, older.get(older.size() - 1).event().revision());
      }
      older = younger;
      younger = new ArrayList<>();
    }
  }

  void restart() {
    younger = new ArrayList<>();
    older = new ArrayList<>();
    horizon = 0;
    all.forEach(this::remember);
  }

  void horizonIs(long revision) {
    told = revision;
  }

  Optional<Event> find(String id) {
    if (told >= 0) {
      return all.stream().filter(each -> each.id().equals(id) && each.event().revision() > told).map(Accepted::event).findFirst();
    }
    for (List<Accepted> ids : List.of(younger, older)) {
      for (Accepted accepted : ids) {
        if (accepted.id().equals(id)) {
          return Optional.of(accepted.event());
        }
      }
    }
    return Optional.empty();
  }

  long horizon() {
    return told >= 0 ? told : horizon;
  }
}
