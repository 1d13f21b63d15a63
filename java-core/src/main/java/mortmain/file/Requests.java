package mortmain.file;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import mortmain.fence.Fingerprint;
import mortmain.model.ErrorCode;
import mortmain.model.Event;
import mortmain.model.Rejection;

/** The accepted requests inside the horizon: in memory while their force is in flight, afterwards in the journal. Guarded by the engine's lock. */
final class Requests {
  private final RequestTable table;
  private final Map<String, Event> inFlight = new HashMap<>();
  private final Values.Source source;

  Requests(Settings settings, Values.Source source, long now) {
    this.table = new RequestTable(settings, now);
    this.source = source;
  }

  static String idOf(Event event) {
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
    String id = idOf(event);
    if (id != null) {
      inFlight.put(id, event);
    }
  }

  /** The event has its place in the journal, and is durable. */
  void durable(Event event, int segment, int offset, long now) {
    String id = idOf(event);
    if (event instanceof Event.Compacted compacted) {
      dropped(compacted.horizon());
    }
    if (id != null) {
      inFlight.remove(id);
      table.add(Fingerprint.tag(id), segment, offset, event.revision(), now);
    }
  }

  /** The same of an event at open; an aid may have told of its id. */
  void replayed(Event event, int segment, int offset, long now) {
    String id = idOf(event);
    if (event instanceof Event.Compacted compacted) {
      dropped(compacted.horizon());
    }
    if (id != null) {
      table.addOnce(Fingerprint.tag(id), segment, offset, event.revision(), now);
    }
  }

  Optional<Event> find(String id) {
    Event pending = inFlight.get(id);
    if (pending != null) {
      return Optional.of(pending);
    }
    Event[] found = new Event[1];
    table.find(Fingerprint.tag(id), (segment, offset) -> {
      Event event = event(segment, offset);
      found[0] = id.equals(idOf(event)) && event.revision() > horizon() ? event : null;
      return found[0] != null;
    });
    return Optional.ofNullable(found[0]);
  }

  private Event event(int segment, int offset) {
    try {
      return EventRecord.read(source, segment, offset).event();
    } catch (IOException e) {
      throw Rejection.of(ErrorCode.CORRUPT, "a request's record cannot be read: " + e.getMessage(), Map.of("offset", (long) offset))
          .exception();
    }
  }

  /** The ids whose records lie in these segments, to be written down while more are added. */
  List<RequestTable.Slots> slots(Set<Integer> segments) {
    return table.slots(segments);
  }

  void read(In in) {
    table.read(in);
  }

  void dropped(long upTo) {
    table.dropped(upTo);
  }

  void moved(Moves moves) {
    table.moved(moves);
  }

  void rotate(long now) {
    table.rotate(now);
  }

  long horizon() {
    return table.horizon();
  }

  int size() {
    return table.size() + inFlight.size();
  }
}
