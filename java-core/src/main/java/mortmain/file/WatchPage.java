package mortmain.file;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import mortmain.journal.Journal;
import mortmain.model.Change;
import mortmain.model.Event;
import mortmain.model.KeyEvent;
import mortmain.model.WatchRequest;

/** Collects the events of one answer to a watcher: whole commits, until there are enough, or enough bytes, or it took long. For one thread. */
final class WatchPage implements Journal.Reader {
  /** Bytes of values in one answer, unless one commit alone has more: what a slow consumer costs. */
  private static final long BYTES = 4 << 20;

  /** Looking for events of a rare prefix must not outlast the client's patience. */
  private static final long LONG_NANOS = 500_000_000L;

  private final WatchRequest request;
  private final byte[] prefix;
  private final Past past;
  private final long begun = System.nanoTime();
  private final List<KeyEvent> events = new ArrayList<>();
  private long bytes;
  private boolean full;

  WatchPage(WatchRequest request, Past past) {
    this.request = request;
    this.prefix = request.prefix().getBytes(UTF_8);
    this.past = past;
  }

  List<KeyEvent> events() {
    return events;
  }

  /** Whether it stopped before the end. */
  boolean isFull() {
    return full;
  }

  @Override
  public boolean record(int segment, int offset, long revision, ByteBuffer record) {
    Event event = EventCodec.decode(record).event();
    if (event instanceof Event.Committed committed) {
      for (Change change : committed.changes()) {
        if (isThere(change) && change.key().startsWith(prefix)) {
          add(Past.event(committed, change, request.values()));
        }
      }
    } else if (event instanceof Event.Reclaimed reclaimed) {
      reclaimed(reclaimed);
    }
    full = events.size() >= request.limit() || bytes >= BYTES || System.nanoTime() - begun > LONG_NANOS;
    return !full;
  }

  private static boolean isThere(Change change) {
    Change.Content content = change.content();
    return !(content instanceof Change.Kept || content instanceof Change.Dropped || content instanceof Change.Hollow);
  }

  private void reclaimed(Event.Reclaimed reclaimed) {
    String above = reclaimed.prefix();
    if (above != null && (above.startsWith(request.prefix()) || request.prefix().startsWith(above))) {
      add(Past.event(reclaimed, null, above, 0, 0, null));
    }
    for (Event.Taken taken : reclaimed.keys()) {
      if (taken.key().startsWith(prefix)) {
        add(past.event(reclaimed, taken));
      }
    }
  }

  private void add(KeyEvent event) {
    events.add(event);
    bytes += 200 + (event.value() == null ? 0 : event.value().bytes().length);
  }
}
