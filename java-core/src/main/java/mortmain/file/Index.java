package mortmain.file;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import mortmain.fence.KeyState;
import mortmain.fence.KeyState.Reclamation;
import mortmain.model.Change;
import mortmain.model.Claim;
import mortmain.model.Event;
import mortmain.model.Key;

/**
 * The state: everything but the bytes of values. Only {@link #apply} changes it, event by event; here is what each event does to keys, claims and
 * the rest. Guarded by the engine's lock.
 */
final class Index {
  private final TreeMap<Key, KeyRecord> records = new TreeMap<>();
  private final Levels levels = new Levels();
  private final Forgotten forgotten = new Forgotten();
  private final Expiries expiries = new Expiries();
  private final Recent recent = new Recent();
  private final Mounts mounts = new Mounts();
  private final Retention retention;
  private final Ages ages = new Ages();
  private final Map<String, String> names = new HashMap<>();
  /** Whoever writes the state down while it changes, or null. */
  private Capture capture;
  private final Consumer<Piece> superseded;

  private String storeId;
  private long revision;
  private long lastAt;
  private long live;

  /** {@code superseded} is told the piece of each whole value that is overwritten. */
  Index(Settings settings, Consumer<Piece> superseded) {
    this.retention = new Retention(settings);
    this.superseded = superseded;
  }

  String storeId() {
    return storeId;
  }

  long revision() {
    return revision;
  }

  /** The time of the newest event, microseconds since 1970. */
  long lastAt() {
    return lastAt;
  }

  long liveKeys() {
    return live;
  }

  Expiries expiries() {
    return expiries;
  }

  Levels levels() {
    return levels;
  }

  Forgotten forgotten() {
    return forgotten;
  }

  Recent recent() {
    return recent;
  }

  Mounts mounts() {
    return mounts;
  }

  Retention retention() {
    return retention;
  }

  Ages ages() {
    return ages;
  }

  KeyRecord find(Key key) {
    return records.get(key);
  }

  NavigableMap<Key, KeyRecord> all() {
    return records;
  }

  /** The state of a key; one without a record starts above everything that was forgotten. */
  KeyState state(Key key) {
    KeyRecord record = records.get(key);
    if (record != null) {
      return record.state();
    }
    PathLevel level = levels.deepest(key);
    return new KeyState(
        key, false, forgotten.version(), 0, forgotten.epoch() + level.epoch(), null, null, level.newestReclamation(), null, null, 0);
  }

  /** The revision that must be durable before an answer about this key leaves. */
  long judgedOn(Key key) {
    KeyRecord record = records.get(key);
    if (record != null) {
      return record.judgedOn();
    }
    Reclamation last = levels.deepest(key).newestReclamation();
    return last == null ? forgotten.at() : Math.max(forgotten.at(), last.revision());
  }

  /** A write that was forgotten may have been as new as anything that was. */
  long newestWrite(String prefix) {
    PathLevel level = levels.find(prefix);
    return level == null ? forgotten.upTo() : Math.max(forgotten.upTo(), level.newestWrite);
  }

  long prefixCount(String prefix) {
    PathLevel level = levels.find(prefix);
    return level == null ? 0 : level.count;
  }

  /** The records below a prefix, behind {@code after} if it is not null, in order. */
  Iterable<KeyRecord> below(String prefix, Key after) {
    byte[] bytes = prefix.getBytes(UTF_8);
    Key from = Key.trusted(bytes);
    boolean behind = after != null && after.compareTo(from) >= 0;
    NavigableMap<Key, KeyRecord> tail = behind ? records.tailMap(after, false) : records.tailMap(from, true);
    return () -> new PrefixIterator(tail.values().iterator(), bytes);
  }

  /** What is not said of keys, levels and settings; {@link #readGlobals} reads it. */
  void writeGlobals(Out out) {
    out.text(storeId);
    out.varint(revision);
    out.i64(lastAt);
    forgotten.write(out);
    ages.write(out);
  }

  void readGlobals(In in) {
    storeId = in.text();
    revision = in.varint();
    lastAt = in.i64();
    forgotten.read(in);
    ages.read(in);
  }

  /** Events that lead to the settings that hold. */
  List<Event> settings() {
    List<Event> events = new ArrayList<>(retention.events());
    events.addAll(mounts.events());
    return events;
  }

  void readSetting(Event event) {
    retention.apply(event);
    mounts.apply(event);
  }

  void readLevel(String prefix, long count, Reclamation reclaimed) {
    PathLevel level = levels.at(prefix);
    level.count = count;
    level.reclaimed = reclaimed;
  }

  KeyRecord readRecord(Key key, long floor, long own) {
    PathLevel level = levels.above(key);
    level.children++;
    KeyRecord record = new KeyRecord(key, level, floor, own);
    records.put(key, record);
    return record;
  }

  void readClaim(KeyRecord record, Claim claim) {
    hold(record, claim);
  }

  void readVersion(KeyRecord record, Version version) {
    record.newest = version;
    live += version.content == null ? 0 : 1;
    record.parent.wroteUpTo(version.revision);
  }

  void capture(Capture by) {
    capture = by;
  }

  /** Applies one event, in order of revisions. {@code coded} brings the places of its bytes; {@code claimNanos}: the claims' clock. */
  void apply(EventCodec.Coded coded, long claimNanos) {
    Event event = coded.event();
    revision = Math.max(revision, event.revision());
    lastAt = Math.max(lastAt, event.at());
    if (event.revision() > 0) {
      ages.applied(event.at(), event.revision());
    }
    if (event instanceof Event.Committed committed) {
      commit(committed, coded, claimNanos);
    } else if (event instanceof Event.ClaimGranted granted) {
      grant(granted, claimNanos);
    } else if (event instanceof Event.ClaimRenewed renewed) {
      KeyRecord record = touch(renewed.key(), renewed.revision());
      if (record.claim == null) {
        return; // a claim that ended, and whose grant was compacted away
      }
      hold(record, record.claim.until(claimNanos + record.claim.ttlMillis() * 1_000_000));
    } else if (event instanceof Event.ClaimReleased released) {
      KeyRecord record = touch(released.key(), released.revision());
      record.released = released.claimId();
      end(record);
    } else if (event instanceof Event.Reclaimed reclaimed) {
      reclaim(reclaimed, claimNanos);
    } else if (event instanceof Event.Forgotten forgotten) {
      forget(forgotten);
    } else if (event instanceof Event.Created created) {
      storeId = created.storeId();
    } else if (event instanceof Event.Restored restored) {
      storeId = restored.storeId();
    } else if (event instanceof Event.Opened) {
      inherit(claimNanos);
    } else {
      retention.apply(event);
    }
    mounts.apply(event);
  }

  private void commit(Event.Committed event, EventCodec.Coded coded, long claimNanos) {
    int run = 0;
    for (int i = 0; i < event.changes().size(); i++) {
      Change change = event.changes().get(i);
      if (change.content() instanceof Change.Kept || change.content() instanceof Change.Dropped) {
        continue;
      }
      Piece piece = ChangeCodec.hasBytes(change.content()) ? coded.runs().get(run++).piece() : null;
      KeyRecord record = touch(change.key(), event.revision());
      record.own = change.epoch() - record.parent.epoch(); // whatever compaction dropped before
      Content content = record.content(change, piece);
      for (EventCodec.Chunk chunk : coded.chunks()) {
        if (chunk.change() == i) {
          content = content.merged(chunk.pieces(), chunk.piece());
        }
      }
      write(record, event, change, content, claimNanos);
    }
  }

  private void write(KeyRecord record, Event.Committed event, Change change, Content content, long claimNanos) {
    Version before = record.newest;
    live += (content == null ? 0 : 1) - (record.exists() ? 1 : 0);
    record.newest =
        new Version(
            change.version(),
            change.tag(),
            event.revision(),
            event.at(),
            shared(event.writer()),
            contentType(record, change),
            change.ticketId(),
            event.meta(),
            content,
            KeyRecord.shape(change.content()),
            before);
    if (before != null && before.content != null && before.content.isWhole() && (content == null || content.isWhole())) {
      superseded.accept(before.content.pieces()[0]);
    }
    record.remember(change.content());
    record.parent.wrote(event.revision());
    recent.wrote(record.newest, claimNanos);
  }

  private String contentType(KeyRecord record, Change change) {
    return change.content() instanceof Change.Whole whole ? shared(whole.value().contentType()) : record.listType(change);
  }

  private void grant(Event.ClaimGranted event, long claimNanos) {
    KeyRecord record = touch(event.key(), event.revision());
    record.own = event.epoch() - record.parent.epoch();
    hold(
        record,
        new Claim(
            event.claimId(),
            shared(event.holder()),
            event.epoch(),
            event.ttlMillis(),
            claimNanos + event.ttlMillis() * 1_000_000,
            event.at(),
            false));
  }

  private void hold(KeyRecord record, Claim claim) {
    record.claim = claim;
    expiries.hold(record, claim);
  }

  private void end(KeyRecord record) {
    record.claim = null;
    expiries.end(record);
  }

  private void reclaim(Event.Reclaimed event, long claimNanos) {
    if (event.prefix() != null) {
      PathLevel level = levels.at(event.prefix());
      level.count++;
      level.reclaimed = new Reclamation(event.revision(), event.at(), event.by(), event.reason(), null);
    }
    for (Event.Taken taken : event.keys()) {
      KeyRecord record = touch(taken.key(), event.revision());
      record.own = taken.epoch() - record.parent.epoch();
      record.reclaimed = new Reclamation(event.revision(), event.at(), event.by(), event.reason(), taken.claimId());
      end(record);
    }
    recent.reclaimed(event, claimNanos);
  }

  private void inherit(long claimNanos) {
    for (KeyRecord record : new ArrayList<>(expiries.holders())) {
      Claim old = record.claim;
      hold(
          record,
          new Claim(
              old.claimId(), old.holder(), old.epoch(), old.ttlMillis(), claimNanos + old.ttlMillis() * 1_000_000, old.since(), true));
    }
  }

  /** Drops tombstones that nothing refers to any more, and levels with nothing below them. */
  private void forget(Event.Forgotten event) {
    if (capture != null) {
      capture.lose();
    }
    forgotten.add(event);
    records.values().removeIf(record -> forgettable(record, event.upTo()) && left(record));
    levels.drop(forgotten.upTo());
  }

  private static boolean left(KeyRecord record) {
    record.parent.children--;
    return true;
  }

  static boolean forgettable(KeyRecord record, long upTo) {
    return !record.exists() && record.claim == null && record.judgedOn() <= upTo && record.touched <= upTo;
  }

  /** The greatest version and epoch among the tombstones that could be forgotten, with their number. */
  void forgettable(long upTo, Consumer<KeyRecord> each) {
    for (KeyRecord record : records.values()) {
      if (forgettable(record, upTo)) {
        each.accept(record);
      }
    }
  }

  private KeyRecord touch(Key key, long atRevision) {
    KeyRecord record = records.get(key);
    if (record == null) {
      PathLevel level = levels.above(key);
      level.children++;
      record = new KeyRecord(key, level, forgotten.version(), forgotten.epoch());
      records.put(key, record);
    } else if (capture != null && atRevision > 0) { // a renewal that is not journaled changes nothing that is written down
      capture.changing(record);
    }
    record.touched = Math.max(record.touched, atRevision);
    return record;
  }

  /** One string per name: writers and content types repeat over all keys. */
  private String shared(String name) {
    if (names.size() > 10_000) {
      names.clear();
    }
    String known = names.putIfAbsent(name, name);
    return known == null ? name : known;
  }
}
