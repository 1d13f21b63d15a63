package mortmain.file;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import mortmain.file.SegmentTable.Row;
import mortmain.journal.Journal;
import mortmain.model.Change;
import mortmain.model.ErrorCode;
import mortmain.model.Event;
import mortmain.model.Item;
import mortmain.model.Key;
import mortmain.model.KeyEvent;
import mortmain.model.ReadOptions;
import mortmain.model.Rejection;
import mortmain.model.Snapshot;
import mortmain.model.Value;
import mortmain.value.ChunkPlan;
import mortmain.value.Json;
import mortmain.value.Lists;

/** What was: versions and events, read back from where their records lie. Everything asked for is durable. Thread-safe. */
final class Past {
  private final Values.Source source;
  private final SegmentTables tables;
  private final Retention retention;

  Past(Values.Source source, SegmentTables tables, Retention retention) {
    this.source = source;
    this.tables = tables;
    this.retention = retention;
  }

  /** While it is open, no place that is looked up becomes unreadable. */
  record Looking(Journal.Hold hold) implements AutoCloseable {
    <T> T at(Supplier<T> look) {
      return look.get();
    }

    @Override
    public void close() {
      hold.close();
    }
  }

  Looking look() {
    return new Looking(source.hold());
  }

  SegmentTables.Search search(Key key) {
    return tables.search(key);
  }

  /** One change of one commit. {@code index}: of the change among those of the commit. */
  record Written(Event.Committed event, Change change, int index, EventCodec.Coded coded) {}

  /** What a row says was written. CORRUPT when its record is another one. */
  Written written(Key key, Row row) {
    EventCodec.Coded coded = read(row.segment(), row.offset());
    if (coded.event() instanceof Event.Committed committed && committed.revision() == row.revision()) {
      for (int i = 0; i < committed.changes().size(); i++) {
        Change change = committed.changes().get(i);
        if (change.key().equals(key) && change.version() == row.version()) {
          return new Written(committed, change, i, coded);
        }
      }
    }
    throw damaged(row.segment(), row.offset(), "the record is not that of " + key + " version " + row.version());
  }

  private EventCodec.Coded read(int segment, int offset) {
    try {
      return EventRecord.read(source, segment, offset);
    } catch (IOException | RuntimeException e) {
      throw damaged(segment, offset, String.valueOf(e.getMessage()));
    }
  }

  private static RuntimeException damaged(int segment, int offset, String what) {
    String file = "journal/" + String.format("%08d", segment) + ".seg";
    return Rejection.of(
            ErrorCode.CORRUPT,
            "a record in " + file + " at offset " + offset + " cannot be read: " + what + "; run mortmain verify",
            Map.of("file", file, "offset", (long) offset))
        .exception();
  }

  /** The value of a version, null when it is a delete; {@code last}: only the last items of a list, or -1. */
  Value value(SegmentTables.Search search, Written written, int last) {
    if (written.change().content() instanceof Change.Whole whole) {
      return last < 0 ? whole.value() : tail(written.change().key(), whole.value(), last);
    } else if (written.change().content() instanceof Change.Appended) {
      return list(search, written, last);
    } else if (written.change().content() instanceof Change.Hollow) {
      throw Failed.compacted(retention.goneOf(written.change().key()));
    }
    return null;
  }

  private static Value tail(Key key, Value value, int last) {
    Json.Shape shape = value.isJson() ? Json.shape(value.bytes()) : null;
    if (shape != Json.Shape.LIST) {
      throw Reads.notAList(key, value.contentType(), shape);
    }
    return new Value(value.contentType(), Lists.tail(List.of(Lists.inner(value.bytes())), last));
  }

  /** Null of a delete. */
  private static String contentType(Change.Content content) {
    if (content instanceof Change.Whole whole) {
      return whole.value().contentType();
    }
    return content instanceof Change.Appended appended ? appended.contentType() : null;
  }

  /** A snapshot of what was written; null: the key had no version, {@code floor} is the number below its first one. */
  Snapshot snapshot(SegmentTables.Search search, Key key, Written written, long floor, long epoch, ReadOptions options) {
    if (written == null) {
      return Snapshots.of(key, null, floor, epoch, null, false);
    }
    Change change = written.change();
    Event.Committed commit = written.event();
    if (!options.values() && change.content() instanceof Change.Hollow) {
      throw Failed.compacted(retention.goneOf(key));
    }
    String contentType = contentType(change.content());
    Value value = options.values() ? value(search, written, options.last()) : null;
    return new Snapshot(
        key, contentType != null, value, contentType, change.version(), change.tag(), epoch,
        commit.revision(), commit.writer(), commit.at(), commit.meta(), value != null && options.last() >= 0);
  }

  /** The key as it was at a revision. {@code forgottenAt}: when tombstones were last forgotten: what a key without one was then is not known. */
  Snapshot at(Key key, long forgottenAt, ReadOptions options) {
    SegmentTables.Search search = search(key);
    Row row = search.atRevision(options.at());
    Written written = row == null ? null : written(key, row);
    boolean absent = written == null || written.change().content() instanceof Change.Deleted;
    if (absent && forgottenAt > (row == null ? 0 : row.revision())) {
      throw Failed.compacted(forgottenAt);
    }
    long epoch = search.epochAt(options.at(), row, written == null ? 0 : written.change().epoch());
    Snapshot snapshot = snapshot(search, key, written, 0, epoch, options);
    if (options.at() < retention.goneOf(key)) { // after the look: what goes meanwhile said so before it went
      throw Failed.compacted(retention.goneOf(key));
    }
    return snapshot;
  }

  /**
   * A list as it was: what its newest piece holds, then what the version before that piece holds. A chunk of level n holds the items of 64 to
   * the power of n versions, so few records are read; of the last items only those that hold them.
   */
  private Value list(SegmentTables.Search search, Written newest, int last) {
    Deque<byte[]> pieces = new ArrayDeque<>();
    Written now = newest;
    long version = newest.change().version();
    Key key = newest.change().key();
    Change.Appended end = (Change.Appended) newest.change().content();
    long all = end.before() + end.items().size();
    long left = all;
    while (true) {
      if (now.change().content() instanceof Change.Whole whole) {
        pieces.addFirst(Lists.inner(whole.value().bytes()));
        break;
      }
      EventCodec.Chunk chunk = chunk(now);
      byte[] piece = chunk == null ? appended(now) : chunk.piece().held();
      if (piece == null) {
        throw Failed.compacted(retention.goneOf(key));
      }
      pieces.addFirst(piece);
      left -= Lists.countInner(piece);
      if (last >= 0 && all - left >= last) {
        return new Value(end.contentType(), Lists.tail(List.copyOf(pieces), last));
      }
      version -= chunk == null ? 1 : 1L << (6 * chunk.piece().level());
      Row row = search.version(version);
      now = row == null ? null : written(key, row);
      if (now == null || now.change().content() instanceof Change.Deleted) {
        break;
      }
    }
    if (left != begun(now)) {
      throw Failed.compacted(retention.goneOf(key));
    }
    List<byte[]> found = List.copyOf(pieces);
    return new Value(end.contentType(), last < 0 ? Lists.wrap(found) : Lists.tail(found, last));
  }

  /** What was appended must add up to the list: else a version in between is gone. */
  private static long begun(Written first) {
    return first == null ? 0 : first.change().content() instanceof Change.Whole whole ? Lists.count(whole.value().bytes()) : 0;
  }

  /** The versions whose records hold the list that a version was, as {@link #list} finds them; none when it was no list, or is gone. */
  Set<Long> parts(SegmentTables.Search search, Key key, long version) {
    Set<Long> parts = new HashSet<>();
    Row row = search.version(version);
    Written now = row == null ? null : written(key, row);
    while (now != null && (now.change().content() instanceof Change.Appended || now.change().content() instanceof Change.Hollow)) {
      long at = now.change().version();
      parts.add(at);
      EventCodec.Chunk chunk = chunk(now);
      row = search.version(at - (chunk == null ? 1 : 1L << (6 * chunk.piece().level())));
      now = row == null ? null : written(key, row);
    }
    if (now != null && now.change().content() instanceof Change.Whole) {
      parts.add(now.change().version());
    }
    return parts;
  }

  private static EventCodec.Chunk chunk(Written written) {
    EventCodec.Chunk last = null;
    for (EventCodec.Chunk chunk : written.coded().chunks()) {
      last = chunk.change() == written.index() ? chunk : last;
    }
    return last;
  }

  /** Null when only the ids are kept. */
  private static byte[] appended(Written written) {
    if (written.change().content() instanceof Change.Hollow) {
      return null;
    }
    List<byte[]> items = new ArrayList<>();
    for (Item item : ((Change.Appended) written.change().content()).items()) {
      items.add(item.json());
    }
    return Lists.join(items);
  }

  /** Everything a commit did to keys that still interest, as events. */
  static KeyEvent event(Event.Committed commit, Change change, boolean values) {
    Value value = null;
    long before = -1;
    if (change.content() instanceof Change.Whole whole) {
      value = whole.value();
    } else if (change.content() instanceof Change.Appended appended) {
      value = Value.json(Lists.wrap(appended.items().stream().map(Item::json).toList()));
      before = appended.before();
    }
    return new KeyEvent(
        value == null ? KeyEvent.Kind.DELETE : change.delta() ? KeyEvent.Kind.DELTA : KeyEvent.Kind.PUT,
        change.key(), null, change.version(), change.tag(), change.epoch(), commit.revision(), commit.at(), commit.writer(), commit.requestId(),
        commit.meta(), value == null ? null : value.contentType(), value == null ? 0 : value.bytes().length, values ? value : null, before,
        change.overwrite(), null, null);
  }

  /** A key's reclamation; its version is looked up. */
  KeyEvent event(Event.Reclaimed reclaimed, Event.Taken taken) {
    Row row = search(taken.key()).atRevision(reclaimed.revision());
    return event(reclaimed, taken.key(), null, row == null ? 0 : row.version(), taken.epoch(), taken.holder());
  }

  static KeyEvent event(Event.Reclaimed reclaimed, Key key, String prefix, long version, long epoch, String holder) {
    return new KeyEvent(
        KeyEvent.Kind.RECLAIM, key, prefix, version, 0, epoch, reclaimed.revision(), reclaimed.at(), reclaimed.by(), reclaimed.requestId(),
        Map.of(), null, 0, null, -1, false, holder, reclaimed.reason());
  }

  static {
    if (ChunkPlan.FAN != 1 << 6) {
      throw new AssertionError("chunks of " + ChunkPlan.FAN);
    }
  }
}
