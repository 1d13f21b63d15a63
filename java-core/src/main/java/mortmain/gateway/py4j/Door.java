package mortmain.gateway.py4j;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Where connections stand until they have authenticated: 32 places of their own, the oldest is dropped first, and nobody stands there
 * for more than 5 s. So silent connections cannot lock anybody out. Safe for any number of threads.
 */
final class Door {
  static final int PLACES = 32;
  static final long PATIENCE_NANOS = 5_000_000_000L;

  private final Map<TextConnection, Long> waiting = new LinkedHashMap<>();

  /** Takes a place at {@code now} (nanoseconds), perhaps the oldest one's. */
  void enter(TextConnection connection, long now) {
    TextConnection dropped = null;
    synchronized (this) {
      waiting.put(connection, now);
      if (waiting.size() > PLACES) {
        Iterator<TextConnection> oldest = waiting.keySet().iterator();
        dropped = oldest.next();
        oldest.remove();
      }
    }
    if (dropped != null) {
      dropped.shutdown();
    }
  }

  synchronized void leave(TextConnection connection) {
    waiting.remove(connection);
  }

  /** Closes those that have waited too long. */
  void expire(long now) {
    List<TextConnection> late = new ArrayList<>();
    synchronized (this) {
      for (Map.Entry<TextConnection, Long> one : waiting.entrySet()) {
        if (now - one.getValue() >= PATIENCE_NANOS) {
          late.add(one.getKey());
        }
      }
      late.forEach(waiting::remove);
    }
    late.forEach(TextConnection::shutdown);
  }
}
