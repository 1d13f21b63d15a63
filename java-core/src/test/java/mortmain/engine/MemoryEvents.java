package mortmain.engine;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import mortmain.model.Change;
import mortmain.model.Event;
import mortmain.model.Key;
import mortmain.model.KeyEvent;

/** The oracle's events of keys: without values, whose form is the engine's own affair. */
final class MemoryEvents {
  private MemoryEvents() {}

  /** What happened below a prefix, in order. */
  static List<KeyEvent> of(List<Event> events, String prefix) {
    List<KeyEvent> found = new ArrayList<>();
    Map<Key, Long> versions = new HashMap<>();
    for (Event event : events) {
      if (event instanceof Event.Committed committed) {
        for (Change change : committed.changes()) {
          if (!(change.content() instanceof Change.Kept) && change.key().toString().startsWith(prefix)) {
            found.add(written(committed, change));
            versions.put(change.key(), change.version());
          }
        }
      } else if (event instanceof Event.Reclaimed reclaimed) {
        String above = reclaimed.prefix();
        if (above != null && (above.startsWith(prefix) || prefix.startsWith(above))) {
          found.add(taken(reclaimed, null, above, 0, 0, null));
        }
        for (Event.Taken taken : reclaimed.keys()) {
          if (taken.key().toString().startsWith(prefix)) {
            found.add(taken(reclaimed, taken.key(), null, versions.getOrDefault(taken.key(), 0L), taken.epoch(), taken.holder()));
          }
        }
      }
    }
    return found;
  }

  private static KeyEvent written(Event.Committed commit, Change change) {
    boolean deleted = change.content() instanceof Change.Deleted;
    KeyEvent.Kind kind = deleted ? KeyEvent.Kind.DELETE : change.delta() ? KeyEvent.Kind.DELTA : KeyEvent.Kind.PUT;
    return new KeyEvent(
        kind, change.key(), null, change.version(), change.tag(), change.epoch(), commit.revision(), commit.at(), commit.writer(), commit.requestId(),
        commit.meta(), null, 0, null, -1, change.overwrite(), null, null);
  }

  private static KeyEvent taken(Event.Reclaimed event, Key key, String prefix, long version, long epoch, String holder) {
    return new KeyEvent(
        KeyEvent.Kind.RECLAIM, key, prefix, version, 0, epoch, event.revision(), event.at(), event.by(), event.requestId(), Map.of(), null, 0, null,
        -1, false, holder, event.reason());
  }
}
