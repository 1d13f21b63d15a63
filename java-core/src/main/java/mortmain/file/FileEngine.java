package mortmain.file;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import mortmain.disk.Disk;
import mortmain.engine.Engine;
import mortmain.fence.Rule;
import mortmain.journal.Journal;
import mortmain.journal.JournalDamaged;
import mortmain.journal.JournalPoisoned;
import mortmain.journal.JournalStats;
import mortmain.model.Claim;
import mortmain.model.ClaimInfo;
import mortmain.model.Commit;
import mortmain.model.ErrorCode;
import mortmain.model.Event;
import mortmain.model.HistoryRequest;
import mortmain.model.Key;
import mortmain.model.KeyEvents;
import mortmain.model.Limits;
import mortmain.model.Outcome;
import mortmain.model.ReadOptions;
import mortmain.model.Reading;
import mortmain.model.Rejection;
import mortmain.model.WatchRequest;

/**
 * The file engine: a store in one directory, made of parts that each answer for some of the port. Writes are {@link Decisions}, reads {@link
 * Reads} and {@link Lookback}; here the parts are put together, started and stopped, and told about. Thread-safe.
 */
final class FileEngine implements Engine {
  private final Path directory;
  private final FileState state;
  private final Journal journal;
  private final Clocks clocks;
  private final Decisions decisions;
  private final Reads reads;
  private final Lookback lookback;
  private final Mirrors mirrors;
  private final Runnable release;
  private final Failure failure;
  private final Compactor compactor;
  private Housekeeping housekeeping;
  private final Aids aids;
  private final Scrub scrub;

  FileEngine(
      Path directory, Disk disk, FileState state, Journal journal, Past past, Clocks clocks, long largestSegment, Failure failure, Runnable release) {
    this.directory = directory;
    this.state = state;
    this.journal = journal;
    this.clocks = clocks;
    this.failure = failure;
    this.release = release;
    this.decisions =
        new Decisions(state, journal, clocks, failure, by -> new Mirrors(by, disk, directory, new MirrorSource(by, disk, directory, past, clocks)));
    this.mirrors = decisions.mirrors();
    this.reads = new Reads(decisions, past);
    this.compactor = new Compactor(new CompactionHost(), journal, state, past, clocks, largestSegment);
    this.lookback = new Lookback(journal, past, state.index().retention());
    this.scrub = new Scrub(journal);
    this.aids = new Aids(decisions, clocks, disk, directory);
  }

  void start(Housekeeping keeper) {
    housekeeping = keeper;
    keeper.start();
    mirrors.start();
    scrub.start();
    compactor.start(() -> aids.ifDue(new AidHost(false)));
  }

  Decisions decisions() {
    return decisions;
  }

  Compactor compactor() {
    return compactor;
  }

  Scrub scrub() {
    return scrub;
  }

  Aids aids() {
    return aids;
  }

  /** What whoever writes the aid may do to the engine. */
  class AidHost implements Aid.Host {
    private final boolean closing;

    AidHost(boolean closing) {
      this.closing = closing;
    }

    @Override
    public void locked(Runnable action) {
      decisions.locked(() -> {
        action.run();
        return null;
      });
    }

    @Override
    public void durable(long revision) {
      journal.awaitDurable(revision);
      locked(decisions::settle);
    }

    @Override
    public void pause(long nanos) throws IOException {
      if (!closing) {
        Aids.rest(nanos);
        if (compactor.stopping()) {
          throw new IOException("the store is closing");
        }
      }
    }
  }

  /** What compaction may do to the engine. */
  private final class CompactionHost implements Compaction.Host {
    @Override
    public void locked(Runnable action) {
      decisions.locked(() -> {
        decisions.settle();
        action.run();
        return null;
      });
    }

    @Override
    public long append(Compaction.EventOf event) {
      return decisions.add(view -> event.at(view.revision() + 1, view.wallMicros()));
    }

    @Override
    public boolean stopping() {
      return compactor.stopping();
    }
  }

  @Override
  public Map<String, Object> compact(Duration atMost) {
    try {
      return compactor.all(atMost);
    } catch (JournalPoisoned e) {
      throw Failed.poisoned(e);
    } catch (JournalDamaged e) {
      throw Failed.damaged(e);
    } catch (IOException e) {
      throw Rejection.of(ErrorCode.UNAVAILABLE, "compaction failed: " + e.getMessage(), Map.of("reason", "refused")).exception();
    }
  }

  @Override
  public Map<String, Object> settings() {
    return state.index().retention().describe();
  }

  @Override
  public String storeId() {
    return state.index().storeId();
  }

  @Override
  public Path directory() {
    return directory;
  }

  @Override
  public Limits limits() {
    return state.limits();
  }

  @Override
  public Optional<Rejection> refuse(Commit commit) {
    return WellFormed.problem(commit);
  }

  @Override
  public <T> boolean decide(Rule<T> rule, boolean mayWait, Outcome<T> then) {
    return decisions.decide(rule, mayWait, then);
  }

  @Override
  public void force() {
    journal.drive();
  }

  @Override
  public void forceElsewhere(int commits, long nanos) {
    journal.driveElsewhere(commits, nanos);
  }

  @Override
  public Reading read(List<Key> keys, ReadOptions options) {
    return reads.read(keys, options);
  }

  @Override
  public long bytes(List<Key> keys) {
    return reads.bytes(keys);
  }

  @Override
  public Reading scan(String prefix, Key after, int limit, ReadOptions options) {
    return reads.scan(prefix, after, limit, options);
  }

  @Override
  public Reading readVersion(Key key, long version, ReadOptions options) {
    return lookback.version(storeId(), key, version, head(key), options);
  }

  @Override
  public KeyEvents history(HistoryRequest request) {
    head(request.key());
    return lookback.history(storeId(), request);
  }

  /** The key's newest version; it is durable, and what is older is. */
  private long head(Key key) {
    return read(List.of(key), new ReadOptions(-1, -1, false, false)).snapshots().get(0).version();
  }

  @Override
  public KeyEvents watch(WatchRequest request) {
    return lookback.watch(storeId(), request);
  }

  @Override
  public List<ClaimInfo> claims(String prefix) {
    List<ClaimInfo> claims = new ArrayList<>();
    long revision = decisions.current(() -> {
      long now = clocks.claims();
      for (Key key : decisions.view().claimed(prefix)) {
        Claim claim = state.index().find(key).claim;
        long remaining = Math.max(0, claim.expiresAt() - now) / 1_000_000;
        claims.add(new ClaimInfo(key, claim.holder(), claim.epoch(), claim.ttlMillis(), remaining, claim.since()));
      }
      return state.index().revision();
    });
    decisions.await(revision);
    return claims;
  }

  @Override
  public Mirrors mirroring() {
    return mirrors;
  }

  @Override
  public long now() {
    return clocks.now();
  }

  @Override
  public long durableRevision() {
    return journal.durableRevision();
  }

  @Override
  public void listen(Consumer<Event> listener) {
    decisions.listen(listener);
  }

  @Override
  public void onFailure(Consumer<Throwable> action) {
    failure.then(action);
  }

  @Override
  public Map<String, Object> info() {
    Map<String, Object> info = decisions.locked(this::counts);
    JournalStats stats = journal.stats();
    Map<String, Object> disk = new LinkedHashMap<>();
    disk.put("bytes", journal.bytesOnDisk());
    disk.put("segments", (long) journal.sealed().size() + 1);
    disk.put("compaction", compactor.info());
    disk.put("aid", aids.info());
    disk.put("scrub", scrub.info());
    disk.put("forces", stats.forces());
    disk.put("records", stats.records());
    disk.put("force_p50_us", stats.forceNanosAt(0.5) / 1000);
    disk.put("force_p99_us", stats.forceNanosAt(0.99) / 1000);
    info.put("journal", disk);
    info.put("mounts", mirrors.describe());
    return info;
  }

  private Map<String, Object> counts() {
    Map<String, Object> counts = new LinkedHashMap<>();
    counts.put("store_id", storeId());
    counts.put("revision", journal.durableRevision());
    counts.put("keys", state.index().liveKeys());
    counts.put("tombstones", state.index().all().size() - state.index().liveKeys());
    counts.put("claims", (long) state.index().expiries().holders().size());
    counts.put("requests", (long) state.requests().size());
    counts.put("horizon", state.requests().horizon());
    counts.put("read_only", decisions.readOnly());
    return counts;
  }

  @Override
  public Map<String, Object> verify(Progress progress) {
    long total = journal.bytesOnDisk(); // more than is read: the end of the last segment is empty
    long[] read = new long[1];
    try {
      Map<String, Object> report = Reports.of(journal.verify(bytes -> {
        read[0] += bytes;
        progress.copied(Math.min(read[0], total), total);
      }));
      progress.copied(total, total);
      return report;
    } catch (JournalDamaged e) {
      throw Failed.damaged(e);
    } catch (IOException e) {
      throw Failed.cannotOpen(directory, e);
    }
  }

  @Override
  public Map<String, Object> backup(Path target, Progress progress) {
    Path ours = directory.toAbsolutePath().normalize();
    Path wanted = target.toAbsolutePath().normalize();
    if (wanted.startsWith(ours) || ours.startsWith(wanted)) {
      throw Rejection.invalid("directory", wanted + " and the store's own directory lie inside each other").exception();
    }
    try {
      return Reports.of(journal.backup(wanted, storeId(), progress::copied), wanted);
    } catch (IOException e) {
      throw Failed.backup("directory", e);
    }
  }

  /** Forces what is pending; later calls fail. */
  @Override
  public void close() {
    scrub.stop();
    compactor.stop();
    if (housekeeping != null) {
      housekeeping.stop();
    }
    mirrors.stop();
    try {
      decisions.locked(() -> {
        aids.atTheEnd(new AidHost(true));
        journal.close();
        return null;
      });
    } finally {
      mirrors.close();
      release.run();
    }
  }
}
