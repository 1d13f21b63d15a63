package mortmain;

import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import mortmain.engine.Engine;
import mortmain.engine.EngineProvider;
import mortmain.fence.CommitShape;
import mortmain.fence.Fence;
import mortmain.fence.Rule;
import mortmain.fence.Verdict;
import mortmain.model.Claim;
import mortmain.model.ClaimInfo;
import mortmain.model.ClaimRequest;
import mortmain.model.Commit;
import mortmain.model.Contention;
import mortmain.model.Event;
import mortmain.model.Grant;
import mortmain.model.Guard;
import mortmain.model.HistoryRequest;
import mortmain.model.Key;
import mortmain.model.KeyEvents;
import mortmain.model.Limits;
import mortmain.model.MortmainException;
import mortmain.model.Outcome;
import mortmain.model.ReadOptions;
import mortmain.model.Reading;
import mortmain.model.Receipt;
import mortmain.model.ReclaimRequest;
import mortmain.model.Rejection;
import mortmain.model.Resolution;
import mortmain.model.Retain;
import mortmain.model.Turn;
import mortmain.model.WatchRequest;

/**
 * One store of shared state: what a Java program touches, and what the gateway serves. Every method is thread-safe, and blocks until what
 * it answers is durable. Rejections are {@link MortmainException}s with a stable code.
 */
public final class Store implements AutoCloseable {
  private static final long LOOK_NANOS = 1_000_000_000;

  private final Engine engine;
  private final Waiters waiters = new Waiters();
  private final Turns turns = new Turns();
  private final Judging judging = new Judging();
  private final Contended contended = new Contended();
  private final Mirrored mirrored;
  private final Commits commits;

  /** A store over an engine of one's own. */
  public Store(Engine engine) {
    this.engine = engine;
    this.mirrored = new Mirrored(engine);
    this.commits = new Commits(engine, turns, waiters, judging, contended, mirrored);
    engine.listen(waiters::on);
    engine.listen(event -> contended.wrote(event, engine.now()));
  }

  /** Opens a directory. UNAVAILABLE (reason {@code locked}) when another process has it open, CORRUPT when its journal is damaged. */
  public static Store open(Path directory, StoreOptions options) {
    return new Store(
        provider().open(directory.toAbsolutePath().normalize(), options.create(), options.allowNetworkFileSystem(), options.limits()));
  }

  private static EngineProvider provider() {
    for (EngineProvider provider : ServiceLoader.load(EngineProvider.class, Store.class.getClassLoader())) {
      if (provider.scheme().equals("file")) {
        return provider;
      }
    }
    throw new IllegalStateException("no engine for files is on the class path");
  }

  /** Checks every byte of a directory that nobody has open; {@code progress} hears of bytes read and bytes in all. */
  public static Map<String, Object> verifyOffline(Path directory, Engine.Progress progress) {
    return provider().verify(directory.toAbsolutePath().normalize(), progress);
  }

  /** Cuts a damaged store behind a revision; what is cut off is kept aside in the directory. */
  public static Map<String, Object> repair(Path directory, long truncateAtRevision) {
    return provider().repair(directory.toAbsolutePath().normalize(), truncateAtRevision);
  }

  /**
   * Makes a new store of a backup, in a directory that is empty or missing. INVALID when that is not so or the backup is none, CORRUPT when it
   * is damaged; nothing was written then.
   */
  public static Map<String, Object> restore(Path backup, Path directory, Engine.Progress progress) {
    return provider().restore(backup.toAbsolutePath().normalize(), directory.toAbsolutePath().normalize(), progress);
  }

  /** Commits, or throws why not. */
  public Receipt commit(Commit commit) {
    Awaited<Receipt> awaited = new Awaited<>();
    commit(commit, awaited);
    return awaited.get();
  }

  /**
   * Commits; {@code then} hears the outcome exactly once, on this thread or on the one that forces the journal. A commit of deltas
   * whose key is claimed waits in this call until the claim ends or the deadline passes.
   */
  public void commit(Commit commit, Outcome<Receipt> then) {
    submit(commit, then, Runnable::run);
    force();
  }

  /**
   * Commits without forcing: {@code then} hears the outcome after the next {@link #force()} of anybody. What has to wait for a claim
   * does so on {@code blocking}. False when nothing is to be forced for it yet: a function computes its value first, and whoever runs it forces.
   */
  public boolean submit(Commit commit, Outcome<Receipt> then, Executor blocking) {
    return commits.submit(commit, then, blocking);
  }

  /** Makes everything durable that was decided; returns at once when somebody is about to. */
  public void force() {
    engine.force();
  }

  /** Snapshots of several keys at one revision. */
  public Reading read(List<Key> keys, ReadOptions options) {
    if (options.at() < 0) {
      mirrored.lookAndRequire(keys);
    }
    return engine.read(keys, options);
  }

  /** How many bytes the newest values of these keys have together. */
  public long bytes(List<Key> keys) {
    return engine.bytes(keys);
  }

  /**
   * As {@link #force}, on another thread: for callers that have others to serve meanwhile. {@code inTurns}: it is for commits that ended
   * turns. No turn waits for them, so they are kept back until there are as many as others who wait for a turn and will commit soon.
   */
  public void forceElsewhere(boolean inTurns) {
    engine.forceElsewhere(inTurns ? turns.awaited() : 1, Turns.GATHERING);
  }

  /** A key as a version left it: INVALID for a version that never was, COMPACTED for one that is gone. */
  public Reading readVersion(Key key, long version, ReadOptions options) {
    return engine.readVersion(key, version, options);
  }

  /** The versions of a key, newest first. */
  public KeyEvents history(HistoryRequest request) {
    return engine.history(request);
  }

  /** What happened below a prefix behind a revision, in order; waits for the first event as long as the request says. */
  public KeyEvents watch(WatchRequest request) {
    Key.checkedPrefix(request.prefix());
    return engine.watch(request);
  }

  /** The keys with a value below a prefix, behind {@code after} (or null), in order, at most {@code limit}, at one revision. */
  public Reading scan(String prefix, Key after, int limit, ReadOptions options) {
    return engine.scan(Key.checkedPrefix(prefix), after, limit, options);
  }

  /** Claims a key; waits in the queue as long as the request says. */
  public Grant claim(ClaimRequest request) {
    return claim(request, () -> true);
  }

  /** The same; leaves the queue within a second after {@code wanted} says no. */
  public Grant claim(ClaimRequest request, BooleanSupplier wanted) {
    Rejection problem = commits.isLate(request.deadline()) ? Commits.late() : ClaimShape.problem(request);
    if (problem != null) {
      throw problem.exception();
    }
    long end = request.waitNanos() > Long.MAX_VALUE / 4 ? request.deadline() : Math.min(request.deadline(), engine.now() + request.waitNanos());
    mirrored.look(List.of(request.key()));
    Awaited<Claim> awaited = new Awaited<>();
    boolean waits = engine.decide(claimRule(request, null), request.waitNanos() > 0, awaited);
    engine.force();
    if (waits) {
      try (Waiters.Waiter waiter = waiters.enter(List.of(request.key()), request.holder())) {
        boolean inTime = true;
        while (engine.decide(claimRule(request.waiting(), waiter), inTime, awaited)) {
          engine.force();
          waiter.await(Math.min(LOOK_NANOS, end - engine.now()));
          inTime = end - engine.now() > 0 && wanted.getAsBoolean();
        }
        engine.force();
      }
    }
    try {
      return new Grant(awaited.get(), engine.read(List.of(request.key()), ReadOptions.NEWEST));
    } catch (MortmainException refusal) {
      contended.rejected(request.holder(), refusal.rejection(), engine.now());
      throw refusal;
    }
  }

  private Rule<Claim> claimRule(ClaimRequest request, Waiters.Waiter me) {
    return view -> {
      Verdict<Claim> verdict = Fence.claim(view, request);
      String before = waiters.before(request.key(), me);
      boolean granted = verdict instanceof Verdict.Accepted<Claim> accepted && !accepted.events().isEmpty();
      return granted && before != null ? ClaimShape.queued(request.key(), before) : verdict;
    };
  }

  /** Renews a claim for its ttl. {@code epoch}: of the claim, or -1. Returns the time that remains. */
  public Duration renew(Key key, String claimId, long epoch) {
    Claim claim = Awaited.decided(engine, view -> Fence.renew(view, key, claimId, epoch));
    return Duration.ofMillis(claim.ttlMillis());
  }

  /** Gives a claim back; its id never commits again. */
  public void release(Key key, String claimId, long epoch) {
    Awaited.decided(engine, view -> Fence.release(view, key, claimId, epoch));
  }

  /** Takes ownership away from whoever has it. */
  public Event.Reclaimed reclaim(ReclaimRequest request) {
    Rejection problem = ClaimShape.problem(request);
    if (problem != null) {
      throw problem.exception();
    }
    boolean late = commits.isLate(request.call().deadline());
    return Awaited.decided(
        engine, view -> late && !Fence.settled(view, request.call()) ? Verdict.reject(Commits.late()) : Fence.reclaim(view, request));
  }

  /** Throws what a commit with these guards would be refused for now. */
  public void check(List<Guard> guards, String storeId, long baseRevision) {
    Rejection problem = CommitShape.guards(guards);
    if (problem != null) {
      throw problem.exception();
    }
    mirrored.lookGuarded(guards);
    Awaited.decided(engine, view -> Fence.check(view, guards, storeId, baseRevision));
  }

  /** The final word on a request: an unknown one never commits afterwards. Waits for one that is being judged. */
  public Resolution resolve(String requestId, String writer) {
    return resolve(requestId, writer, Long.MAX_VALUE, null);
  }

  /**
   * The final word on a request. {@code since}: the durable revision that its client knew when it made the id; of one before the horizon
   * nothing is known, and it is REQUEST_ID_EXPIRED. {@code storeId}: of the store that it was made for, or null; STORE_CHANGED for another one.
   */
  public Resolution resolve(String requestId, String writer, long since, String storeId) {
    Rejection problem = CommitShape.requestId(requestId);
    if (problem != null) {
      throw problem.exception();
    }
    judging.await(requestId);
    return Awaited.decided(engine, view -> Fence.resolve(view, requestId, writer, since, storeId));
  }

  /**
   * The keys that several agents wanted during the last {@code window}: with a rejection, or with two writes in a row by different agents at most
   * {@code within} apart; the most contested first. The newest 10,000 rejections and 20,000 writes are known, since this store was opened.
   */
  public List<Contention> contention(Duration window, Duration within) {
    return contended.keys(engine.now(), window.toNanos(), within.toNanos());
  }

  /** Where reducers get their work. */
  public Reductions reductions() {
    return commits.reductions();
  }

  /** Mounts a directory, and other commands about mirrored files. */
  public Mirrored mirrored() {
    return mirrored;
  }

  public List<ClaimInfo> claims(String prefix) {
    return engine.claims(Key.checkedPrefix(prefix));
  }

  /**
   * Queues for the turn on a contested key. {@code then} hears it once, on this thread or on the one that ends the turn before; its
   * snapshot may be of a version whose force is in flight, and its id is 0 when the time was over first.
   */
  public void turn(Key key, long waitNanos, long deadline, Outcome<Turn> then) {
    turns.take(key, Math.min(waitNanos, deadline - engine.now()), turn -> {
      Reading reading;
      try {
        reading = engine.read(List.of(key), new ReadOptions(-1, -1, true, true));
      } catch (MortmainException failure) {
        turns.end(turn);
        then.reject(failure);
        return;
      }
      then.answer(new Turn(turn, reading));
    });
  }

  /** Whether somebody has a turn now, so that a commit is to be expected soon. */
  public boolean isTurnTaken() {
    return turns.isTaken();
  }

  /** Ends a turn; one that is over already is ignored. */
  public void endTurn(long id) {
    turns.end(id);
  }

  public String storeId() {
    return engine.storeId();
  }

  public Path directory() {
    return engine.directory();
  }

  public Limits limits() {
    return engine.limits();
  }

  public long durableRevision() {
    return engine.durableRevision();
  }

  /** Nanoseconds on the clock of deadlines. */
  public long now() {
    return engine.now();
  }

  public boolean hasLiveClaims() {
    return !engine.claims("").isEmpty();
  }

  /** Runs once when nothing can be acknowledged any more; the process should end. */
  public void onFailure(Consumer<Throwable> action) {
    engine.onFailure(action);
  }

  /** Says what history is kept below a prefix from now on. */
  public void retain(Retain retain) {
    Key.checkedPrefix(retain.prefix());
    Rejection problem = SettingShape.problem(retain);
    if (problem != null) {
      throw problem.exception();
    }
    Awaited.decided(engine, view -> Fence.retain(view, retain));
  }

  /** Changes a {@link mortmain.model.Setting} of the store, from the next decision on; INVALID when there is none of the name, or it cannot have the value. */
  public void configure(String name, long value, String writer) {
    Rejection problem = SettingShape.problem(name, value);
    if (problem != null) {
      throw problem.exception();
    }
    Awaited.decided(engine, view -> Fence.configure(view, name, value, writer));
  }

  /** The settings that hold: plain scalars and maps. */
  public Map<String, Object> settings() {
    return engine.settings();
  }

  /** Drops what retention does not keep, now; ends after about so long, and says whether there is {@code more} to do. */
  public Map<String, Object> compact(Duration atMost) {
    return engine.compact(atMost);
  }

  /** Plain scalars and maps. */
  public Map<String, Object> info() {
    Map<String, Object> info = new LinkedHashMap<>(engine.info());
    info.put("counters", Map.of("commits", commits.count()));
    return info;
  }

  /** Checks every byte that is kept. */
  public Map<String, Object> verify() {
    return engine.verify();
  }

  /** The same; {@code progress} hears of bytes read and bytes in all. */
  public Map<String, Object> verify(Engine.Progress progress) {
    return engine.verify(progress);
  }

  /** Copies everything that is durable into an empty or missing directory, while commits go on. INVALID when the directory will not do. */
  public Map<String, Object> backup(Path target, Engine.Progress progress) {
    return engine.backup(target, progress);
  }

  @Override
  public void close() {
    reductions().close("the store was closed");
    engine.close();
  }
}
