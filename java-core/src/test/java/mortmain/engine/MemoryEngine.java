package mortmain.engine;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import mortmain.fence.Fence;
import mortmain.fence.KeyState;
import mortmain.fence.Rule;
import mortmain.fence.Verdict;
import mortmain.model.Claim;
import mortmain.model.ClaimInfo;
import mortmain.model.Commit;
import mortmain.model.ErrorCode;
import mortmain.model.Event;
import mortmain.model.HistoryRequest;
import mortmain.model.Item;
import mortmain.model.Key;
import mortmain.model.KeyEvent;
import mortmain.model.KeyEvents;
import mortmain.model.Limits;
import mortmain.model.Outcome;
import mortmain.model.ReadOptions;
import mortmain.model.Reading;
import mortmain.model.Rejection;
import mortmain.model.Snapshot;
import mortmain.model.Value;
import mortmain.model.WatchRequest;
import mortmain.model.Write;

/**
 * The oracle: an engine that is too simple to be wrong. It keeps a whole copy of the state per revision, evaluates values on trees and
 * forces nothing. Used by one thread.
 */
final class MemoryEngine implements Engine {
  private final Limits limits;
  private final ManualClock clock;
  private final MemoryRequests requests;
  private final TreeMap<Long, MemoryState> history = new TreeMap<>();
  private final int kept;
  private final List<Event> events = new ArrayList<>();
  private MemoryState state;
  private List<Consumer<Event>> listeners = new ArrayList<>();
  private long claimTime;
  private long lastTick;

  /** {@code kept}: how many states reads can go back. */
  MemoryEngine(String storeId, ManualClock clock, Limits limits, int kept) {
    this.limits = limits;
    this.clock = clock;
    this.kept = kept;
    this.requests = new MemoryRequests(limits.horizonIds());
    this.state = new MemoryState(storeId);
    this.lastTick = clock.nanos();
    history.put(0L, state.copy());
    append(new Event.Created(1, wall(), storeId));
  }

  private long wall() {
    Instant now = clock.instant();
    return Math.max(state.at, now.getEpochSecond() * 1_000_000 + now.getNano() / 1000);
  }

  private long claimNanos() {
    return claimTime + Math.min(clock.nanos() - lastTick, 1_000_000_000L);
  }

  private MemoryView view() {
    return new MemoryView(state, requests, limits, null, wall(), claimNanos());
  }

  private void append(Event event) {
    state.apply(event, claimNanos());
    if (event.revision() > 0) {
      requests.accepted(event);
      history.put(event.revision(), state.copy());
      events.add(event);
      if (history.size() > kept) {
        history.pollFirstEntry();
      }
      listeners.forEach(listener -> listener.accept(event));
    }
  }

  private void expire() {
    List<Key> keys = new ArrayList<>();
    state.keys.forEach((key, of) -> {
      if (of.claim != null) {
        keys.add(key);
      }
    });
    keys.sort((a, b) -> Long.compare(state.keys.get(a).claim.expiresAt(), state.keys.get(b).claim.expiresAt()));
    if (Fence.expire(view(), keys) instanceof Verdict.Accepted<Boolean> accepted) {
      accepted.events().forEach(this::append);
    }
  }

  /** Time goes on; a jump is credited to the claims. */
  void tick() {
    claimTime = claimNanos();
    lastTick = clock.nanos();
    expire();
    requests.rotate();
  }

  /** The process ends and another one starts on the same state. */
  void restart() {
    listeners = new ArrayList<>();
    claimTime = 0;
    lastTick = clock.nanos();
    requests.restart();
    List<Key> unrenewed = new ArrayList<>();
    state.keys.forEach((key, of) -> {
      if (of.claim != null && of.claim.inherited()) {
        unrenewed.add(key);
      }
    });
    if (!unrenewed.isEmpty() && Fence.expireUnrenewed(view(), unrenewed) instanceof Verdict.Accepted<Boolean> accepted) {
      accepted.events().forEach(this::append);
    }
    if (!view().claimed("").isEmpty()) {
      append(new Event.Opened(state.revision + 1, wall()));
    }
  }

  /** Whoever compacts journals that: so many revisions are used up by it. */
  void pass(int revisions) {
    for (int i = 0; i < revisions; i++) {
      append(new Event.Compacted(state.revision + 1, wall(), 0, Map.of()));
    }
  }

  /** Ids are remembered as the subject remembers them, which compaction has a part in. */
  void horizonIs(long revision) {
    requests.horizonIs(revision);
  }

  int forget(int atLeast) {
    expire();
    long upTo = requests.horizon();
    List<Key> keys = state.forgettable(upTo);
    if (keys.size() >= atLeast) {
      long version = keys.stream().mapToLong(key -> state.keys.get(key).version).max().orElse(0);
      long epoch = keys.stream().mapToLong(state::epoch).max().orElse(0);
      append(new Event.Forgotten(state.revision + 1, wall(), upTo, version, epoch));
    }
    return keys.size();
  }

  @Override
  public <T> boolean decide(Rule<T> rule, boolean mayWait, Outcome<T> then) {
    expire();
    Verdict<T> verdict = rule.judge(view());
    if (verdict instanceof Verdict.Accepted<T> accepted) {
      accepted.events().forEach(this::append);
      then.answer(accepted.answer());
      return false;
    }
    if (verdict instanceof Verdict.Unready<T>) {
      return true;
    }
    Verdict.Rejected<T> rejected = (Verdict.Rejected<T>) verdict;
    if (mayWait && rejected.canWait()) {
      return true;
    }
    then.reject(rejected.rejection().exception());
    return false;
  }

  private MemoryState at(ReadOptions options) {
    if (options.at() < 0) {
      return state;
    } else if (options.at() > state.revision) {
      Map<String, Object> details = Map.of("store_id", state.storeId, "expected", state.storeId);
      throw Rejection.of(ErrorCode.STORE_CHANGED, "no such revision", details).exception();
    }
    return history.floorEntry(options.at()).getValue();
  }

  @Override
  public Reading read(List<Key> keys, ReadOptions options) {
    expire();
    MemoryState then = at(options);
    List<Snapshot> snapshots = keys.stream().map(key -> snapshot(then, key, options.values(), options.last(), Long.MAX_VALUE)).toList();
    return new Reading(state.storeId, options.at() < 0 ? state.revision : options.at(), snapshots, false);
  }

  @Override
  public Reading scan(String prefix, Key after, int limit, ReadOptions options) {
    expire();
    MemoryState then = at(options);
    List<Snapshot> snapshots = new ArrayList<>();
    boolean more = false;
    for (Key key : new MemoryView(then, requests, limits, null, 0, 0).existing(prefix)) {
      if (after == null || key.compareTo(after) > 0) {
        more = snapshots.size() == limit;
        if (more) {
          break;
        }
        snapshots.add(snapshot(then, key, options.values(), options.last(), Long.MAX_VALUE));
      }
    }
    return new Reading(state.storeId, options.at() < 0 ? state.revision : options.at(), snapshots, more);
  }

  static Snapshot snapshot(MemoryState state, Key key, boolean values, int last, long largest) {
    KeyState now = state.state(key);
    MemoryState.OfKey of = state.keys.get(key);
    if (of == null || !of.written) {
      return new Snapshot(key, false, null, null, now.version(), 0, now.epoch(), 0, null, 0, Map.of(), false);
    }
    boolean shown = of.value != null && values && of.value.bytes().length <= largest;
    boolean partial = of.value != null && values && (!shown || last >= 0);
    return new Snapshot(
        key,
        now.exists(),
        shown ? tail(key, of.value, last) : null,
        of.value == null ? null : of.value.contentType(),
        now.version(),
        now.tag(),
        now.epoch(),
        of.revision,
        of.writer,
        of.committedAt,
        of.meta,
        partial);
  }

  private static Value tail(Key key, Value value, int last) {
    if (last < 0) {
      return value;
    }
    if (!value.isJson() || !MemoryFold.tree(value.bytes()).isArray()) {
      String actual = value.isJson() ? MemoryFold.words(MemoryFold.tree(value.bytes())) : value.contentType();
      throw Rejection.of(ErrorCode.WRONG_TYPE, key + " is no list", Map.of("expected", "a list", "actual", actual)).exception();
    }
    List<String> items = MemoryFold.items(value.bytes());
    List<String> tail = items.subList(Math.max(0, items.size() - last), items.size());
    return new Value(value.contentType(), ("[" + String.join(",", tail) + "]").getBytes(UTF_8));
  }

  @Override
  public Reading readVersion(Key key, long version, ReadOptions options) {
    expire();
    for (MemoryState then : history.values()) {
      MemoryState.OfKey of = then.keys.get(key);
      if (of != null && of.written && of.version == version && of.revision == then.revision) {
        return new Reading(state.storeId, state.revision, List.of(snapshot(then, key, options.values(), options.last(), Long.MAX_VALUE)), false);
      }
    }
    throw Rejection.of(ErrorCode.INVALID, "no such version", Map.of("field", "version", "key", key.toString())).exception();
  }

  @Override
  public KeyEvents history(HistoryRequest request) {
    expire();
    List<KeyEvent> all = MemoryEvents.of(events, "").stream()
        .filter(event -> request.key().equals(event.key()) && event.kind() != KeyEvent.Kind.RECLAIM)
        .filter(event -> request.before() == 0 || event.version() < request.before())
        .sorted(Comparator.comparingLong(KeyEvent::version).reversed())
        .toList();
    return new KeyEvents(state.storeId, state.revision, all.subList(0, Math.min(all.size(), request.limit())), all.size() > request.limit());
  }

  /** Without waiting. */
  @Override
  public KeyEvents watch(WatchRequest request) {
    if (request.after() < 0 || request.after() > state.revision) {
      throw Rejection.of(ErrorCode.STORE_CHANGED, "no such revision", Map.of("store_id", state.storeId, "expected", state.storeId)).exception();
    }
    List<KeyEvent> page = new ArrayList<>();
    long last = 0;
    for (KeyEvent event : MemoryEvents.of(events, request.prefix())) {
      if (event.revision() > request.after() && (page.size() < request.limit() || event.revision() == last)) {
        page.add(event);
        last = event.revision();
      }
    }
    boolean full = page.size() >= request.limit();
    return new KeyEvents(state.storeId, full ? last : state.revision, page, full);
  }

  @Override
  public List<ClaimInfo> claims(String prefix) {
    expire();
    List<ClaimInfo> claims = new ArrayList<>();
    for (Key key : view().claimed(prefix)) {
      Claim claim = state.keys.get(key).claim;
      claims.add(new ClaimInfo(key, claim.holder(), claim.epoch(), claim.ttlMillis(), (claim.expiresAt() - claimNanos()) / 1_000_000, claim.since()));
    }
    return claims;
  }

  @Override
  public Optional<Rejection> refuse(Commit commit) {
    for (Write write : commit.writes()) {
      boolean good = true;
      if (write instanceof Write.Put put) {
        good = !put.value().isJson() || MemoryFold.isJson(put.value().bytes());
      } else if (write instanceof Write.Append append) {
        for (Item item : append.items()) {
          good &= MemoryFold.isJson(item.json());
        }
      } else if (write instanceof Write.Merge merge) {
        good = MemoryFold.isJson(merge.patch().bytes()) && MemoryFold.tree(merge.patch().bytes()).isObject();
      } else if (write instanceof Write.Increment increment) {
        byte[] by = increment.by().getBytes(UTF_8);
        good = MemoryFold.isJson(by) && MemoryFold.tree(by).isNumber();
      }
      if (!good) {
        return Optional.of(Rejection.invalid("value", "malformed"));
      }
    }
    return Optional.empty();
  }

  @Override
  public Map<String, Object> info() {
    Map<String, Object> info = new LinkedHashMap<>();
    long live = state.keys.values().stream().filter(of -> of.value != null).count();
    info.put("store_id", state.storeId);
    info.put("revision", state.revision);
    info.put("keys", live);
    info.put("tombstones", state.keys.size() - live);
    info.put("claims", (long) view().claimed("").size());
    info.put("horizon", requests.horizon());
    return info;
  }

  @Override
  public String storeId() {
    return state.storeId;
  }

  @Override
  public Path directory() {
    return Path.of("memory");
  }

  @Override
  public Limits limits() {
    return limits;
  }

  @Override
  public long now() {
    return clock.nanos();
  }

  @Override
  public long durableRevision() {
    return state.revision;
  }

  @Override
  public void listen(Consumer<Event> listener) {
    listeners.add(listener);
  }

  @Override
  public void onFailure(Consumer<Throwable> action) {}

  @Override
  public Map<String, Object> verify(Progress progress) {
    return Map.of("ok", true);
  }

  @Override
  public void close() {}
}
