package mortmain.file;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import mortmain.journal.Journal;
import mortmain.journal.Record;
import mortmain.journal.Rewrite;
import mortmain.journal.Sealed;
import mortmain.model.Event;
import mortmain.model.Key;

/**
 * Compacts one run of sealed segments, while commits go on: the engine's lock is held for a few hundred keys at a time.
 *
 * <ol>
 *   <li>See which keys the run speaks of, take their {@link Standing}, and write what {@link Needs} keeps into a new segment.
 *   <li>Journal what is gone from now on ({@code Compacted}), and wait until that, and with it everything that was decided on, is durable.
 *   <li>Put the new segment in the place of the run. A crash before this leaves a file that is on no list, one after it the old files.
 *   <li>Tell whoever knows an old place the new one, and let the old files go.
 * </ol>
 *
 * Used once, by one thread.
 */
final class Compaction {
  private static final int KEYS_AT_ONCE = 256;

  /** What came of it: bytes of the files before and after, equal when it was not worth it; the number of the new segment, or -1. */
  record Result(long before, long after, long records, long kept, int segment) {}

  /** What the compaction needs of the engine. */
  interface Host {
    void locked(Runnable action);

    /** Appends an event that is made of the next revision and the time; under the lock. Returns its revision. */
    long append(EventOf event);

    boolean stopping();
  }

  @FunctionalInterface
  interface EventOf {
    Event at(long revision, long at);
  }

  private final Host host;
  private final Journal journal;
  private final FileState state;
  private final Past past;
  private final List<Sealed> run;
  private final Set<Integer> numbers = new HashSet<>();
  private final Map<Key, Needs.Seen> seen = new HashMap<>();
  private final Map<Key, Standing> standings = new HashMap<>();
  private final Map<String, Long> cutoffs;
  private final boolean lastOnly;
  private final List<Moved> moved = new ArrayList<>();
  /** By prefix of a mount: a file may show what was current then, and must be known as ours. */
  private final Map<String, Long> mirrored = new TreeMap<>();
  private NavigableSet<Long> forgettings;
  private long horizon;
  private long oldestClaimAt = Long.MAX_VALUE;
  private long records;
  private long kept;

  /** A piece that memory knows, and the same one as it was written anew. */
  private record Moved(Piece piece, Piece anew) {}

  /** {@code cutoffs}: by prefix of a retention rule, what was replaced up to there is too old; {@code lastOnly}: whatever the rules' versions. */
  Compaction(Host host, Journal journal, FileState state, Past past, List<Sealed> run, Map<String, Long> cutoffs, boolean lastOnly) {
    this.host = host;
    this.journal = journal;
    this.state = state;
    this.past = past;
    this.run = run;
    this.cutoffs = cutoffs;
    this.lastOnly = lastOnly;
    run.forEach(each -> numbers.add(each.number()));
  }

  /** {@code worth}: the greatest share of the old bytes that the new ones may be. */
  Result run(double worth) throws IOException {
    long before = run.stream().mapToLong(Sealed::bytes).sum();
    try (Rewrite rewrite = journal.rewrite(run)) {
      host.locked(this::look);
      rewrite.read((segment, offset, revision, bytes) -> {
        Needs.see(EventCodec.decode(bytes).event(), seen, forgettings);
        requireGoingOn();
      });
      takeStandings();
      Needs needs = new Needs(horizon, standings, seen, oldestClaimAt, mirrored, state.index().retention());
      OpenTable table = new OpenTable(rewrite.number());
      Moves moves = new Moves(rewrite.number());
      rewrite.read((segment, offset, revision, bytes) -> {
        EventCodec.Coded coded = EventCodec.decode(bytes.duplicate());
        EventRecord.place(coded, segment, offset);
        Needs.Kept keep = needs.of(coded, bytes);
        records++;
        if (keep != null) {
          kept++;
          remember(keep.coded());
          rewrite.add(new Rewritten(keep, table, moves, segment, offset));
        }
        requireGoingOn();
      });
      rewrite.finish();
      byte[] footer = table.toFooter();
      long after = rewrite.size(footer.length);
      if (after > before * worth) {
        return new Result(before, before, records, records, -1);
      }
      install(rewrite, needs, footer, moves);
      return new Result(before, after, records, kept, rewrite.number());
    }
  }

  private void requireGoingOn() throws IOException {
    if (host.stopping()) {
      throw new IOException("the store is closing");
    }
  }

  /** Under the lock. */
  private void look() {
    horizon = state.requests().horizon();
    forgettings = new TreeSet<>(state.index().forgotten().revisions());
    state.index().mounts().byPrefix().forEach((prefix, mounted) -> mirrored.put(prefix, mounted.through().revision()));
    state.index().expiries().holders().forEach(record -> oldestClaimAt = Math.min(oldestClaimAt, record.claim.since()));
  }

  private void takeStandings() throws IOException {
    List<Key> keys = new ArrayList<>(seen.keySet());
    for (int from = 0; from < keys.size(); from += KEYS_AT_ONCE) {
      List<Key> some = keys.subList(from, Math.min(keys.size(), from + KEYS_AT_ONCE));
      host.locked(() -> some.forEach(key -> standings.put(key, Standing.of(state.index(), key, numbers))));
      for (Key key : some) {
        Retention.Rule rule = state.index().retention().of(key);
        long cutoff = Math.min(cutoffs.getOrDefault(rule.prefix(), 0L), mirrored(key));
        standings.get(key).lookUp(past, state.tables(), run.get(0).after(), cutoff, lastOnly ? 1 : rule.versions(), seen.get(key).lists);
      }
      requireGoingOn();
    }
  }

  private long mirrored(Key key) {
    long through = Long.MAX_VALUE;
    for (Map.Entry<String, Long> mount : mirrored.entrySet()) {
      through = key.startsWith(mount.getKey().getBytes(UTF_8)) ? Math.min(through, mount.getValue()) : through;
    }
    return through;
  }

  private void remember(EventCodec.Coded coded) {
    for (EventCodec.Run each : coded.runs()) {
      for (Standing standing : standingsOf(coded.event())) {
        Piece known = standing.pieces.get(each.piece().place());
        if (known != null) {
          moved.add(new Moved(known, each.piece()));
        }
      }
    }
  }

  private List<Standing> standingsOf(Event event) {
    return event instanceof Event.Committed committed
        ? committed.changes().stream().map(change -> standings.get(change.key())).distinct().toList()
        : List.of();
  }

  private void install(Rewrite rewrite, Needs needs, byte[] footer, Moves moves) throws IOException {
    Map<String, Long> gone = new TreeMap<>(state.index().retention().gone());
    needs.dropped().forEach((prefix, revision) -> gone.merge(prefix, Math.max(revision, cutoffs.getOrDefault(prefix, 0L)), Math::max));
    long[] said = new long[1];
    host.locked(() -> said[0] = host.append((revision, at) -> new Event.Compacted(revision, at, horizon, gone)));
    journal.awaitDurable(said[0]);
    int at = rewrite.install(footer, said[0]);
    state.tables().replace(numbers, rewrite.number(), at, footer);
    moved.forEach(each -> each.piece().move(each.anew().place()));
    host.locked(() -> state.requests().moved(moves));
    rewrite.moved();
  }

  /** A record on its way into the new segment. */
  @SuppressWarnings("JavaLangClash")
  private static final class Rewritten extends Record {
    private final EventCodec.Coded coded;
    private final OpenTable table;
    private final Moves moves;
    private final int from;
    private final int offset;

    Rewritten(Needs.Kept kept, OpenTable table, Moves moves, int from, int offset) {
      super(kept.coded().event().revision(), kept.bytes());
      this.coded = kept.coded();
      this.table = table;
      this.moves = moves;
      this.from = from;
      this.offset = offset;
    }

    @Override
    protected void placed(int segment, int position) {
      EventRecord.place(coded, segment, position);
      coded.runs().forEach(run -> run.piece().hold(null));
      table.add(coded.event(), position);
      if (Requests.idOf(coded.event()) != null) {
        moves.add(from, offset, position);
      }
    }
  }
}
