package mortmain.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import mortmain.disk.Disk;
import mortmain.engine.Engine;
import mortmain.fence.Fence;
import mortmain.fence.Rule;
import mortmain.fence.Verdict;
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
import mortmain.model.MortmainException;
import mortmain.model.Outcome;
import mortmain.model.ReadOptions;
import mortmain.model.Reading;
import mortmain.model.Rejection;
import mortmain.model.WatchRequest;

/**
 * The file engine. One lock serialises decisions; a decision is judged, appended to the pending frame and applied to the index under
 * it, and answered when the frame is forced. Thread-safe.
 */
final class FileEngine implements Engine {
  private final Path directory;
  private final FileState state;
  private final Journal journal;
  private final Clocks clocks;
  private final Chunks chunks;
  private final Reads reads;
  private final Lookback lookback;
  private final Mirrors mirrors;
  private final Runnable release;
  private final ReentrantLock lock = new ReentrantLock();
  private final Deque<EventRecord> unforced = new ArrayDeque<>();
  private final List<Consumer<Event>> listeners = new ArrayList<>();
  private final Failure failure;
  private volatile String readOnly;
  private final Compactor compactor;
  private Housekeeping housekeeping;
  private final Aids aids;
  private final Scrub scrub;
  /** How many tombstones can be forgotten up to a revision, as far as was looked. Guarded by the lock. */
  private long forgettableUpTo = -1;
  private int forgettable;

  FileEngine(
      Path directory, Disk disk, FileState state, Journal journal, Past past, Clocks clocks, long largestSegment, Failure failure, Runnable release) {
    this.directory = directory;
    this.state = state;
    this.journal = journal;
    this.clocks = clocks;
    this.failure = failure;
    this.release = release;
    this.chunks = new Chunks(state.index(), state.values());
    this.reads = new Reads(state, past);
    this.compactor = new Compactor(new CompactionHost(), journal, state, past, clocks, largestSegment);
    this.lookback = new Lookback(journal, past, state.index().retention());
    this.scrub = new Scrub(journal);
    this.aids = new Aids(this, disk, journal);
    this.mirrors = new Mirrors(this, disk, new MirrorSource(this, disk, past));
  }

  void start(Housekeeping keeper) {
    housekeeping = keeper;
    keeper.start();
    mirrors.start();
    scrub.start();
    compactor.start(() -> aids.ifDue(new AidHost(false)));
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
      FileEngine.this.locked(() -> {
        action.run();
        return null;
      });
    }

    @Override
    public void durable(long revision) {
      journal.awaitDurable(revision);
      locked(FileEngine.this::settle);
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
      lock.lock();
      try {
        settle();
        action.run();
      } finally {
        lock.unlock();
      }
    }

    @Override
    public long append(Compaction.EventOf event) {
      FileEngine.this.append(event.at(state.index().revision() + 1, clocks.wall(state.index().lastAt())));
      return state.index().revision();
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
    Verdict<T> verdict;
    long judgedOn;
    lock.lock();
    try {
      expire();
      FileView view = view();
      verdict = rule.judge(view);
      if (mayWait && verdict instanceof Verdict.Rejected<T> rejected && rejected.canWait()) {
        return true;
      } else if (verdict instanceof Verdict.Unready<T>) {
        return true;
      }
      judgedOn = view.judgedOn();
      if (verdict instanceof Verdict.Accepted<T> accepted) {
        for (Event event : accepted.events()) {
          append(event);
          judgedOn = Math.max(judgedOn, event.revision());
        }
      }
    } catch (JournalPoisoned e) {
      then.reject(Failed.poisoned(e));
      return false;
    } catch (MortmainException e) {
      then.reject(e);
      return false;
    } catch (RuntimeException | Error e) {
      failure.happened(e);
      then.reject(Failed.broken(e));
      return false;
    } finally {
      lock.unlock();
    }
    journal.whenDurable(judgedOn, poisoned -> answer(verdict, poisoned, then));
    return false;
  }

  @Override
  public void force() {
    journal.drive();
  }

  @Override
  public void forceElsewhere() {
    journal.driveElsewhere();
  }

  private static <T> void answer(Verdict<T> verdict, JournalPoisoned poisoned, Outcome<T> then) {
    if (poisoned != null) {
      then.reject(Failed.poisoned(poisoned));
    } else if (verdict instanceof Verdict.Accepted<T> accepted) {
      then.answer(accepted.answer());
    } else {
      then.reject(((Verdict.Rejected<T>) verdict).rejection().exception());
    }
  }

  private FileView view() {
    return new FileView(state, mirrors, readOnly, clocks.wall(state.index().lastAt()), clocks.claims());
  }

  /** Time permits the takeover; the journaled epoch makes it true, before anything is judged on it; says whether any ended. Under the lock. */
  private boolean expire() {
    settle();
    List<Key> due = state.index().expiries().due(clocks.claims());
    if (!due.isEmpty() && Fence.expire(view(), due) instanceof Verdict.Accepted<Boolean> accepted) {
      accepted.events().forEach(this::append);
      return accepted.answer();
    }
    return false;
  }

  /** Under the lock. */
  private void append(Event event) {
    if (event.revision() == 0) {
      state.index().apply(new EventCodec.Coded(event, null, List.of(), List.of()), clocks.claims());
      return;
    }
    List<Piece> pieces = event instanceof Event.Committed committed ? state.folds().pieces(committed.changes()) : List.of();
    List<EventCodec.Chunk> planned = event instanceof Event.Committed committed ? chunks.plan(committed, pieces) : List.of();
    EventRecord record = new EventRecord(EventCodec.encode(event, pieces, planned), state.tables());
    journal.append(List.of(record));
    unforced.add(record);
    state.index().apply(record.coded(), clocks.claims());
    state.requests().accepted(event);
    if (event instanceof Event.Committed committed) {
      state.folds().applied(committed);
    }
    for (Consumer<Event> listener : listeners) {
      listener.accept(event);
    }
    mirrors.on(event);
  }

  /** What became durable needs its bytes in memory no longer. Under the lock. */
  private void settle() {
    long durable = journal.durableRevision();
    while (!unforced.isEmpty() && unforced.peek().revision() <= durable) {
      EventRecord record = unforced.poll();
      for (EventCodec.Run run : record.coded().runs()) {
        state.values().durable(run.piece());
      }
      state.requests().durable(record.coded().event(), record.segment(), record.offset(), clocks.now());
    }
  }

  @Override
  public Reading read(List<Key> keys, ReadOptions options) {
    return read(options, () -> reads.pick(keys, options));
  }

  @Override
  public long bytes(List<Key> keys) {
    lock.lock();
    try {
      return reads.bytes(keys);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Reading scan(String prefix, Key after, int limit, ReadOptions options) {
    Reads.Picked picked = picked(options, () -> reads.pickBelow(prefix, after, limit, options));
    if (picked.hasPast()) {
      return reads.scanPast(behind -> picked(options, () -> reads.pickBelow(prefix, behind, limit, options)), after, limit, options);
    }
    return reads.load(picked, options, journal.durableRevision());
  }

  private interface Picking {
    Reads.Picked pick();
  }

  private Reading read(ReadOptions options, Picking picking) {
    return reads.load(picked(options, picking), options, journal.durableRevision());
  }

  /** What it was judged on is durable. */
  private Reads.Picked picked(ReadOptions options, Picking picking) {
    Reads.Picked picked;
    boolean expired = false;
    lock.lock();
    try {
      expired = expire();
      picked = picking.pick();
    } catch (JournalPoisoned e) {
      throw Failed.poisoned(e);
    } finally {
      lock.unlock();
      if (expired) {
        journal.drive();
      }
    }
    if (!options.inFlight()) {
      await(picked.judgedOn());
    }
    return picked;
  }

  private void await(long revision) {
    if (revision > journal.durableRevision()) {
      try {
        journal.awaitDurable(revision);
      } catch (JournalPoisoned e) {
        throw Failed.poisoned(e);
      }
    }
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
    long revision;
    lock.lock();
    try {
      expire();
      revision = state.index().revision();
      long now = clocks.claims();
      for (Key key : view().claimed(prefix)) {
        Claim claim = state.index().find(key).claim;
        long remaining = Math.max(0, claim.expiresAt() - now) / 1_000_000;
        claims.add(new ClaimInfo(key, claim.holder(), claim.epoch(), claim.ttlMillis(), remaining, claim.since()));
      }
    } catch (JournalPoisoned e) {
      throw Failed.poisoned(e);
    } finally {
      lock.unlock();
    }
    await(revision);
    return claims;
  }

  @Override
  public Mirrors mirroring() {
    return mirrors;
  }

  /** Under the lock: no decision is made meanwhile. */
  <T> T locked(Supplier<T> look) {
    lock.lock();
    try {
      return look.get();
    } finally {
      lock.unlock();
    }
  }

  /** Adds an event that nobody asked for, and waits until it is durable. */
  void record(Function<FileView, Event> event) {
    long revision = locked(() -> {
      Event made = event.apply(view());
      append(made);
      return made.revision();
    });
    journal.awaitDurable(revision);
  }

  FileState state() {
    return state;
  }

  long wallMicros() {
    return clocks.wall(0);
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
    lock.lock();
    try {
      listeners.add(listener);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void onFailure(Consumer<Throwable> action) {
    failure.then(action);
  }

  void readOnly(String reason) {
    readOnly = reason;
  }

  String readOnly() {
    return readOnly;
  }

  /** Runs now and then: expiry that nobody asks for, and what can be let go. */
  void tick() {
    clocks.tick();
    lock.lock();
    try {
      expire();
      state.index().recent().trim(clocks.claims());
      state.index().ages().tick(clocks.claims(), state.index().revision());
      state.requests().rotate(clocks.now());
    } finally {
      lock.unlock();
    }
    journal.drive();
  }

  /** Forgets the tombstones behind the horizon if there are at least so many; returns how many were there. */
  int forget(int atLeast) {
    lock.lock();
    try {
      expire(); // what is appended may move the horizon on
      return forget(atLeast, state.requests().horizon());
    } finally {
      lock.unlock();
    }
  }

  /** Those that were last touched at {@code upTo} or before. */
  int forget(int atLeast, long upTo) {
    lock.lock();
    try {
      expire();
      if (upTo == forgettableUpTo && forgettable < atLeast) {
        return forgettable; // only a horizon that moves makes more of them: no need to go over all keys
      }
      long[] greatest = new long[3];
      state.index().forgettable(upTo, record -> {
        greatest[0]++;
        greatest[1] = Math.max(greatest[1], record.version());
        greatest[2] = Math.max(greatest[2], record.epoch());
      });
      if (greatest[0] >= atLeast) {
        FileView view = view();
        append(new Event.Forgotten(view.revision() + 1, view.wallMicros(), upTo, greatest[1], greatest[2]));
      }
      forgettableUpTo = upTo;
      forgettable = greatest[0] >= atLeast ? 0 : Math.toIntExact(greatest[0]);
      return Math.toIntExact(greatest[0]);
    } finally {
      lock.unlock();
    }
  }

  /** After recovery: settles the claims of the last run, and names a new store. Not yet shared with other threads. */
  void opened(String newStoreId) {
    state.index().ages().opened(state.index().lastAt(), clocks.claims());
    if (state.index().storeId() == null) {
      append(new Event.Created(1, clocks.wall(0), newStoreId));
    }
    List<Key> unrenewed = new ArrayList<>();
    state.index().expiries().holders().forEach(record -> {
      if (record.claim.inherited()) {
        unrenewed.add(record.key);
      }
    });
    if (!unrenewed.isEmpty() && Fence.expireUnrenewed(view(), unrenewed) instanceof Verdict.Accepted<Boolean> accepted) {
      accepted.events().forEach(this::append);
    }
    if (!state.index().expiries().holders().isEmpty()) {
      append(new Event.Opened(state.index().revision() + 1, clocks.wall(state.index().lastAt())));
    }
    journal.awaitDurable(state.index().revision());
    mirrors.opened();
  }

  Journal journal() {
    return journal;
  }

  @Override
  public Map<String, Object> info() {
    Map<String, Object> info = new LinkedHashMap<>();
    lock.lock();
    try {
      info.put("store_id", storeId());
      info.put("revision", journal.durableRevision());
      info.put("keys", state.index().liveKeys());
      info.put("tombstones", state.index().all().size() - state.index().liveKeys());
      info.put("claims", (long) state.index().expiries().holders().size());
      info.put("requests", (long) state.requests().size());
      info.put("horizon", state.requests().horizon());
      info.put("read_only", readOnly);
    } finally {
      lock.unlock();
    }
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

  /** After recovery of a copied backup: it is another store from here on. Not yet shared with other threads. */
  void restored(String newStoreId) {
    if (Fence.restored(view(), newStoreId) instanceof Verdict.Accepted<Boolean> accepted) {
      accepted.events().forEach(this::append);
    }
    journal.awaitDurable(state.index().revision());
  }

  /** The event whose record lies at a place. */
  static Event event(Journal journal, int segment, int offset) {
    try {
      byte[] length = new byte[Integer.BYTES];
      journal.read(segment, offset, length);
      byte[] bytes = new byte[ByteBuffer.wrap(length).getInt()];
      journal.read(segment, offset, bytes);
      return EventCodec.decode(ByteBuffer.wrap(bytes)).event();
    } catch (IOException e) {
      throw Rejection.of(ErrorCode.CORRUPT, "a request's record cannot be read: " + e.getMessage(), Map.of("offset", (long) offset))
          .exception();
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
    lock.lock();
    try {
      aids.atTheEnd(new AidHost(true));
      journal.close();
    } finally {
      lock.unlock();
      mirrors.close();
      release.run();
    }
  }
}
