package mortmain.file;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import mortmain.file.SegmentTable.Row;
import mortmain.journal.Journal;
import mortmain.journal.JournalDamaged;
import mortmain.model.Change;
import mortmain.model.ErrorCode;
import mortmain.model.HistoryRequest;
import mortmain.model.Key;
import mortmain.model.KeyEvent;
import mortmain.model.KeyEvents;
import mortmain.model.MortmainException;
import mortmain.model.ReadOptions;
import mortmain.model.Reading;
import mortmain.model.Rejection;
import mortmain.model.WatchRequest;

/** Answers about what was, from the journal alone and outside of the engine's lock. Thread-safe. */
final class Lookback {
  /** Bytes of values in one page of a history. */
  private static final long PAGE = 4 << 20;

  private final Journal journal;
  private final Past past;
  private final Retention retention;

  Lookback(Journal journal, Past past, Retention retention) {
    this.journal = journal;
    this.past = past;
    this.retention = retention;
  }

  /** {@code newest}: the key's newest version, which is durable. */
  Reading version(String storeId, Key key, long version, long newest, ReadOptions options) {
    try (Past.Looking looking = past.look()) {
      return looking.at(() -> found(storeId, key, version, newest, options));
    }
  }

  private Reading found(String storeId, Key key, long version, long newest, ReadOptions options) {
    SegmentTables.Search search = past.search(key);
    Row row = version < 1 || version > newest ? null : search.version(version);
    if (row == null) {
      long gone = retention.goneOf(key);
      throw version >= 1 && version < newest && gone > 0 ? Failed.compacted(gone) : never(key, version, newest);
    }
    Past.Written written = past.written(key, row);
    long durable = journal.durableRevision();
    return new Reading(storeId, durable, List.of(past.snapshot(search, key, written, 0, written.change().epoch(), options)), false);
  }

  private static MortmainException never(Key key, long version, long newest) {
    String reason = "there never was a version " + version + " of " + key + ", the newest is " + newest;
    return Rejection.of(ErrorCode.INVALID, "version: " + reason, Map.of("field", "version", "reason", reason, "key", key.toString())).exception();
  }

  KeyEvents history(String storeId, HistoryRequest request) {
    try (Past.Looking looking = past.look()) {
      return looking.at(() -> found(storeId, request));
    }
  }

  private KeyEvents found(String storeId, HistoryRequest request) {
    long durable = journal.durableRevision();
    long before = request.before() > 0 ? request.before() : Long.MAX_VALUE;
    List<Row> rows = past.search(request.key()).newest(before, request.limit() + 1);
    List<KeyEvent> events = new ArrayList<>();
    long bytes = 0;
    long gone = retention.goneOf(request.key());
    long newer = before;
    for (Row row : rows) {
      if (row.revision() < gone && newer < Long.MAX_VALUE && row.version() != newer - 1) {
        break; // behind a version that is gone, nothing can be told of who changed what
      }
      newer = row.version();
      if (events.size() == request.limit() || bytes > PAGE) {
        return new KeyEvents(storeId, durable, events, true);
      }
      Past.Written written = past.written(request.key(), row);
      if (written.change().content() instanceof Change.Hollow) {
        break;
      }
      KeyEvent event = Past.event(written.event(), written.change(), request.values());
      events.add(event);
      bytes += request.values() ? event.size() : 0;
    }
    return new KeyEvents(storeId, durable, events, false);
  }

  KeyEvents watch(String storeId, WatchRequest request) {
    if (request.storeId() != null && !request.storeId().equals(storeId)) {
      throw otherStore(storeId, request.storeId(), "the watch began in another store (a backup was restored, or the directory replaced)");
    }
    if (request.after() < 0) {
      return new KeyEvents(storeId, journal.durableRevision(), List.of(), false);
    }
    if (request.after() > journal.lastRevision()) {
      throw otherStore(storeId, storeId, "revision " + request.after() + " is not part of this store, which is at " + journal.lastRevision());
    }
    try {
      return watch(storeId, request, System.nanoTime());
    } catch (JournalDamaged e) {
      throw Failed.damaged(e);
    } catch (IOException e) {
      throw Rejection.of(ErrorCode.UNAVAILABLE, "the journal cannot be read: " + e.getMessage(), Map.of("reason", "refused")).exception();
    }
  }

  private void requireKept(WatchRequest request, long after) {
    long gone = retention.goneBelow(request.prefix());
    if (after < gone) {
      throw Failed.compacted(gone);
    }
  }

  /** The journal is the queue: a slow consumer costs nothing but the page that it is being sent. */
  private KeyEvents watch(String storeId, WatchRequest request, long begun) throws IOException {
    long seen = request.after();
    while (true) {
      WatchPage page = new WatchPage(request, past);
      long after = seen;
      seen = journal.read(after, page);
      requireKept(request, after); // after the reading: what goes meanwhile said so before it went
      long left = request.waitNanos() - (System.nanoTime() - begun);
      if (!page.events().isEmpty() || page.isFull() || left <= 0) {
        return new KeyEvents(storeId, seen, page.events(), page.isFull());
      }
      try {
        journal.awaitBeyond(seen, left);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return new KeyEvents(storeId, seen, List.of(), false);
      }
      if (journal.isOver()) {
        throw Rejection.of(ErrorCode.UNAVAILABLE, "the gateway is stopping: connect again", Map.of("reason", "refused")).exception();
      }
    }
  }

  private static MortmainException otherStore(String storeId, String expected, String sentence) {
    return Rejection.of(ErrorCode.STORE_CHANGED, sentence + ": read again", Map.of("store_id", storeId, "expected", expected)).exception();
  }
}
