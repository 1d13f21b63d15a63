package mortmain.file;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import mortmain.model.Change;
import mortmain.model.Event;
import mortmain.model.Item;
import mortmain.model.Key;
import mortmain.value.Canonical;

/**
 * Decides what of a record compaction keeps. The rule behind every line: a replay of what is kept gives the state that a replay of everything
 * gives, whatever else was compacted before or will be, and a request whose id is remembered gets its receipt.
 *
 * <ul>
 *   <li>A version, a claim, a reclamation says all by itself (version, epoch), so of each the last one of a key is enough; of a list that is
 *       there, every version since its first one, though only the ids of items whose bytes lie in a chunk.
 *   <li>What hides something older (a delete, the end of a claim) stays as long as something of its key may lie in front of the run.
 *   <li>Forgetting looks at when a key was touched last: of a key without a value, the last event before each forgetting stays.
 *   <li>What is known by id stays up to the horizon; the horizon itself is journaled before anything is dropped.
 * </ul>
 *
 * For one thread.
 */
final class Needs {
  /** What is kept of one record. */
  record Kept(EventCodec.Coded coded, byte[] bytes) {}

  /** The revision of the last event of a key before each forgetting, the last one in the run, and the last end of a claim in the run. */
  static final class Seen {
    private final List<Long> last = new ArrayList<>(1);
    private long lastEnd = -1;
    boolean lists;

    void event(long revision, boolean end, NavigableSet<Long> forgettings) {
      if (!last.isEmpty() && forgettings.subSet(last.get(last.size() - 1), false, revision, false).isEmpty()) {
        last.remove(last.size() - 1);
      }
      last.add(revision);
      lastEnd = end ? revision : lastEnd;
    }
  }

  private final long horizon;
  private final Map<Key, Standing> standings;
  private final Map<Key, Seen> seen;
  private final long oldestClaimAt;
  private final Map<String, Long> mirrored;
  private final Map<String, Long> dropped = new HashMap<>();
  private final Retention retention;

  Needs(long horizon, Map<Key, Standing> standings, Map<Key, Seen> seen, long oldestClaimAt, Map<String, Long> mirrored, Retention retention) {
    this.horizon = horizon;
    this.standings = standings;
    this.seen = seen;
    this.oldestClaimAt = oldestClaimAt;
    this.mirrored = mirrored;
    this.retention = retention;
  }

  /** By prefix of a retention rule: whether something was dropped under it that somebody could have asked for. */
  Map<String, Long> dropped() {
    return dropped;
  }

  /** Goes over a record before any is decided on. */
  static void see(Event event, Map<Key, Seen> seen, NavigableSet<Long> forgettings) {
    if (event instanceof Event.Committed committed) {
      for (Change change : committed.changes()) {
        boolean list = change.content() instanceof Change.Appended || change.content() instanceof Change.Hollow;
        seen.computeIfAbsent(change.key(), key -> new Seen()).lists |= list;
      }
    } else if (event instanceof Event.ClaimGranted granted) {
      of(seen, granted.key()).event(event.revision(), false, forgettings);
    } else if (event instanceof Event.ClaimRenewed renewed) {
      of(seen, renewed.key()).event(event.revision(), false, forgettings);
    } else if (event instanceof Event.ClaimReleased released) {
      of(seen, released.key()).event(event.revision(), true, forgettings);
    } else if (event instanceof Event.Reclaimed reclaimed) {
      reclaimed.keys().forEach(taken -> of(seen, taken.key()).event(event.revision(), true, forgettings));
    }
  }

  private static Seen of(Map<Key, Seen> seen, Key key) {
    return seen.computeIfAbsent(key, of -> new Seen());
  }

  /** Null: nothing. {@code coded}: with its pieces at their places. */
  Kept of(EventCodec.Coded coded, ByteBuffer bytes) {
    Event event = coded.event();
    if (event instanceof Event.Committed committed) {
      return committed(committed, coded, bytes);
    }
    boolean keep = true;
    if (event instanceof Event.ClaimGranted granted) {
      keep = claim(granted.key(), granted.claimId(), event.revision());
    } else if (event instanceof Event.ClaimRenewed renewed) {
      keep = claim(renewed.key(), renewed.claimId(), event.revision());
    } else if (event instanceof Event.ClaimReleased released) {
      keep = end(released.key(), event.revision()) || released.claimId().equals(standings.get(released.key()).released);
    } else if (event instanceof Event.Reclaimed reclaimed) {
      keep = reclaimed(reclaimed);
    } else if (event instanceof Event.RequestRefused) {
      keep = event.revision() > horizon;
    } else if (event instanceof Event.Opened) {
      keep = event.at() >= oldestClaimAt;
    } else if (event instanceof Event.MirroredThrough through) {
      keep = through.through() >= mirrored.getOrDefault(through.prefix(), Long.MAX_VALUE); // what a newer one says, an older one need not
    } else if (event instanceof Event.Compacted) {
      keep = false; // a newer one is forced before this one goes
    }
    return keep ? new Kept(coded, copy(bytes)) : null;
  }

  private static byte[] copy(ByteBuffer bytes) {
    byte[] copy = new byte[bytes.remaining()];
    bytes.get(copy);
    return copy;
  }

  private boolean claim(Key key, String claimId, long revision) {
    return revision > horizon || claimId.equals(standings.get(key).claimId) || lastWords(key, revision);
  }

  private boolean end(Key key, long revision) {
    Standing standing = standings.get(key);
    boolean hides = standing.older && seen.get(key).lastEnd == revision;
    return revision > horizon || hides || lastWords(key, revision);
  }

  private boolean lastWords(Key key, long revision) {
    Standing standing = standings.get(key);
    return standing.hidden() && (standing.record || standing.older) && seen.get(key).last.contains(revision);
  }

  /** The reclamation of a prefix counts for keys that nobody knows: it stays. */
  private boolean reclaimed(Event.Reclaimed event) {
    boolean keep = event.prefix() != null || (event.requestId() != null && event.revision() > horizon);
    for (Event.Taken taken : event.keys()) {
      Standing standing = standings.get(taken.key());
      keep |= end(taken.key(), event.revision()) || standing.reclaimed == event.revision() || inHistory(standing, event.revision());
    }
    if (!keep) {
      event.keys().forEach(taken -> went(taken.key(), event.revision()));
    }
    return keep;
  }

  /** Of those before the cutoff, the last one tells the epoch that the key had then. */
  private boolean inHistory(Standing standing, long revision) {
    return revision > standing.cutoff || (revision > standing.keepFromRevision && seen.get(standing.key).lastEnd == revision);
  }

  private enum Level {
    WHOLE,
    HOLLOW,
    DROPPED
  }

  private Level level(Event.Committed event, Change change, EventCodec.Coded coded, Piece own, int index) {
    Standing standing = standings.get(change.key());
    if (change.content() instanceof Change.Kept || change.content() instanceof Change.Dropped) {
      return event.revision() > horizon ? Level.WHOLE : Level.DROPPED;
    }
    boolean newest = change.version() == standing.newest && event.revision() == standing.newestRevision;
    boolean part = change.version() >= standing.base;
    boolean wanted = newest || change.version() >= standing.keepFrom || standing.parts.contains(change.version());
    wanted |= isLive(standing, own, coded, index);
    if (wanted || (part && change.content() instanceof Change.Whole)) {
      return Level.WHOLE;
    }
    return part ? Level.HOLLOW : Level.DROPPED;
  }

  private static boolean isLive(Standing standing, Piece own, EventCodec.Coded coded, int index) {
    boolean live = own != null && standing.pieces.containsKey(own.place());
    for (EventCodec.Chunk chunk : coded.chunks()) {
      live |= chunk.change() == index && standing.pieces.containsKey(chunk.piece().place());
    }
    return live;
  }

  private Kept committed(Event.Committed event, EventCodec.Coded coded, ByteBuffer bytes) {
    boolean receipt = event.requestId() != null && event.revision() > horizon;
    List<Change> changes = new ArrayList<>(event.changes().size());
    List<Piece> pieces = new ArrayList<>();
    List<EventCodec.Chunk> chunks = new ArrayList<>();
    boolean same = true;
    boolean told = false;
    int next = 0;
    for (int i = 0; i < event.changes().size(); i++) {
      Change change = event.changes().get(i);
      Piece own = ChangeCodec.hasBytes(change.content()) ? coded.runs().get(next++).piece() : null;
      Level level = level(event, change, coded, own, i);
      same &= level == Level.WHOLE;
      boolean receiptOnly = change.content() instanceof Change.Kept || change.content() instanceof Change.Dropped;
      told |= level != Level.DROPPED && !receiptOnly;
      if (level != Level.WHOLE && !receiptOnly) {
        went(change.key(), event.revision());
      }
      if (level == Level.DROPPED) {
        if (receipt) {
          changes.add(with(change, new Change.Dropped()));
        }
        continue;
      }
      add(coded, i, level, changes.size(), chunks);
      changes.add(level == Level.WHOLE || own == null ? change : with(change, hollow((Change.Appended) change.content(), own)));
      if (level == Level.WHOLE && own != null) {
        pieces.add(own);
      }
    }
    if (same) {
      return new Kept(coded, copy(bytes));
    } else if (changes.isEmpty() || (!told && !receipt)) {
      return null;
    }
    Event.Committed less = new Event.Committed(event.revision(), event.at(), event.requestId(), event.attempt(), event.fingerprint(),
        event.writer(), told ? event.meta() : Map.of(), changes);
    EventCodec.Coded fewer = EventCodec.encode(less, pieces, chunks);
    return new Kept(fewer, fewer.bytes());
  }

  private static void add(EventCodec.Coded coded, int index, Level level, int as, List<EventCodec.Chunk> chunks) {
    for (EventCodec.Chunk chunk : coded.chunks()) {
      if (chunk.change() == index) {
        Piece piece = chunk.piece();
        Piece hollow = new Piece(piece.length(), 0, piece.level());
        chunks.add(new EventCodec.Chunk(as, chunk.pieces(), level == Level.WHOLE ? piece : hollow));
      }
    }
  }

  private static Change with(Change change, Change.Content content) {
    return new Change(
        change.key(), content, change.version(), change.tag(), change.epoch(), change.ticketId(), change.result(), change.overwrite(), change.delta());
  }

  private static Change.Hollow hollow(Change.Appended appended, Piece own) {
    Map<String, Long> ids = new LinkedHashMap<>();
    for (Item item : appended.items()) {
      if (item.id() != null) {
        ids.put(item.id(), Canonical.hash(item.json()));
      }
    }
    return new Change.Hollow(appended.before(), appended.items().size(), own.length(), ids);
  }

  private void went(Key key, long revision) {
    dropped.merge(retention.of(key).prefix(), revision, Math::max);
  }
}
