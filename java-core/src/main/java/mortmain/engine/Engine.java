package mortmain.engine;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import mortmain.fence.Rule;
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
 * Keeps the state of one store and decides one rule at a time. Thread-safe. Failures of the engine itself arrive as {@code
 * MortmainException}: UNCONFIRMED when the outcome is not known, UNAVAILABLE when nothing happened.
 */
public interface Engine extends AutoCloseable {
  String storeId();

  Path directory();

  Limits limits();

  /** What no state can make right about the content of a commit: malformed values. */
  Optional<Rejection> refuse(Commit commit);

  /**
   * Reclaims expired claims, runs the rule on the state and adds its events to it, atomically. {@code then} hears the answer when
   * the events, and everything that the answer was judged on, are durable; {@link #force} sees to that.
   *
   * @return whether the rejection, if it is one, may turn into acceptance when claims end, or a reducer has to run first ({@code then} is not
   *     called in these cases)
   */
  <T> boolean decide(Rule<T> rule, boolean mayWait, Outcome<T> then);

  /** Makes what was decided durable, on this thread if nobody else does; every decision is followed by one. */
  default void force() {}

  /**
   * As {@link #force}, on another thread: for callers that have others to serve meanwhile. It may wait until so many commits can be forced
   * together, at most so many nanoseconds, unless somebody waits for one.
   */
  default void forceElsewhere(int commits, long nanos) {
    force();
  }

  /** Snapshots of one revision; blocks until they are durable unless {@code options.inFlight()}. */
  Reading read(List<Key> keys, ReadOptions options);

  /** Bytes of the newest values of these keys together, as far as is known without reading them. */
  default long bytes(List<Key> keys) {
    return 0;
  }

  /** The keys with a value below a prefix, in order, behind {@code after} (or null), at most {@code limit}; of one revision. */
  Reading scan(String prefix, Key after, int limit, ReadOptions options);

  /**
   * A key as a version left it, under the epoch that it was committed under; {@code options.at()} and {@code inFlight()} do not count. INVALID
   * for a version that never was, COMPACTED for one that is gone.
   */
  default Reading readVersion(Key key, long version, ReadOptions options) {
    throw unsupported("versions");
  }

  /** The versions of a key, newest first. */
  default KeyEvents history(HistoryRequest request) {
    throw unsupported("history");
  }

  /**
   * What happened below a prefix behind a revision, in order, durable, all keys of a commit or none. Waits for the first event as long as the
   * request says. COMPACTED when some of it is gone, STORE_CHANGED when the revision is not part of this store.
   */
  default KeyEvents watch(WatchRequest request) {
    throw unsupported("watch");
  }

  /** Drops what retention does not keep, now, for about so long at most, while commits go on; what it says is plain scalars. */
  default Map<String, Object> compact(Duration atMost) {
    throw unsupported("compaction");
  }

  /** The settings of the store: retention by prefix, and sizes in bytes; plain scalars and maps. */
  default Map<String, Object> settings() {
    throw unsupported("settings");
  }

  private static MortmainException unsupported(String operation) {
    return Rejection.of(ErrorCode.UNSUPPORTED, "this engine has no " + operation, Map.of("operation", operation)).exception();
  }

  List<ClaimInfo> claims(String prefix);

  default Mirroring mirroring() {
    return Mirroring.NONE;
  }

  /** Nanoseconds; the clock of deadlines. */
  long now();

  long durableRevision();

  /** Hears every event once it is part of the state, in order, inside the decision: it must be quick and must not call back. */
  void listen(Consumer<Event> listener);

  /** Runs once when the engine can no longer acknowledge anything. */
  void onFailure(Consumer<Throwable> action);

  /** Plain scalars and maps. */
  Map<String, Object> info();

  /** Checks every byte that is kept; plain scalars. Damage is a {@code MortmainException} CORRUPT. */
  default Map<String, Object> verify() {
    return verify((read, of) -> { });
  }

  /** The same; {@code progress} hears of bytes read and bytes in all. */
  Map<String, Object> verify(Progress progress);

  /**
   * Copies everything that is durable into an empty or missing directory, while commits go on, and checks the copy; what it says is plain
   * scalars. INVALID when the directory will not do, CORRUPT when the original is damaged.
   */
  default Map<String, Object> backup(Path target, Progress progress) {
    throw unsupported("backup");
  }

  /** Hears, on the thread that copies, how many bytes of how many are done. */
  @FunctionalInterface
  interface Progress {
    void copied(long bytes, long of);
  }

  @Override
  void close();
}
