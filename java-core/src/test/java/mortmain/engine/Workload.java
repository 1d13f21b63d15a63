package mortmain.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Function;
import mortmain.Store;
import mortmain.model.Call;
import mortmain.model.ClaimRequest;
import mortmain.model.Commit;
import mortmain.model.Grant;
import mortmain.model.Guard;
import mortmain.model.HistoryRequest;
import mortmain.model.Key;
import mortmain.model.KeyEvent;
import mortmain.model.KeyEvents;
import mortmain.model.MortmainException;
import mortmain.model.ReadOptions;
import mortmain.model.ReclaimRequest;
import mortmain.model.Snapshot;
import mortmain.model.Ticket;
import mortmain.model.WatchRequest;

/**
 * One random life of a store, led on the oracle and on a subject at once: every answer and every rejection must be equal, and at the end
 * every state. The same seed is the same life. Used by one thread.
 */
public final class Workload {
  /** How often each kind of answer came, over all workloads: a kind that never came proves nothing. */
  private final Map<String, Integer> seen;
  private final long seed;
  private final MemorySubject oracle;
  private final Subject subject;
  private final ManualClock clock;
  private final Knowledge known;
  private final Random random;
  private int step;

  /** Whether the subject compacts: then what is older than a minute may be gone, and the subject says how far it remembers ids. */
  private final boolean compacting;

  /** Reads at a revision below this may be answered with COMPACTED. */
  private long compactable;

  private static final Comparator<KeyEvent> REVISION_AND_KEY =
      Comparator.comparingLong(KeyEvent::revision).thenComparing(event -> String.valueOf(event.key()));

  private final TreeMap<Long, Long> revisionAt = new TreeMap<>();

  public Workload(long seed, Subject subject, ManualClock clock, Map<String, Integer> seen) {
    this(seed, subject, clock, seen, false);
  }

  public Workload(long seed, Subject subject, ManualClock clock, Map<String, Integer> seen, boolean compacting) {
    this.compacting = compacting;
    this.seed = seed;
    this.seen = seen;
    this.subject = subject;
    this.clock = clock;
    this.oracle = new MemorySubject(subject.store().storeId(), clock, subject.store().limits(), Integer.MAX_VALUE);
    if (compacting) {
      oracle.engine().pass((int) (subject.store().durableRevision() - oracle.store().durableRevision()));
    }
    this.random = new Random(seed);
    this.known = new Knowledge(random);
  }

  public void run(int steps) {
    for (step = 0; step < steps; step++) {
      if (compacting) {
        compact();
      }
      oneStep(random.nextInt(1000));
    }
    compareStates();
  }

  private void oneStep(int kind) {
    if (kind < 520) {
      commit();
    } else if (kind < 700) {
      claims(random.nextInt(10));
    } else if (kind < 860) {
      reads(random.nextInt(8));
    } else if (kind < 900) {
      asks();
    } else if (kind < 960) {
      time(random.nextInt(12));
    } else if (kind < 985) {
      assertEquals(oracle.forget(1), subject.forget(1), this::where);
      compactable = revision();
    } else {
      restart();
    }
  }

  private void compact() {
    if (known.chance(4)) {
      int revisions = subject.compact();
      seen.merge(revisions > 0 ? "compacted" : "nothing to compact", 1, Integer::sum);
      oracle.engine().pass(revisions);
      compactable = revision();
      assertEquals(revision(), subject.store().durableRevision(), this::where);
    }
    alignHorizons();
  }

  private void alignHorizons() {
    oracle.tick();
    subject.tick();
    oracle.engine().horizonIs((Long) subject.store().info().get("horizon"));
  }

  private String where() {
    return "seed " + seed + ", step " + step;
  }

  private String compare(String what, Function<Store, ?> call) {
    String expected = Answer.of(() -> call.apply(oracle.store()));
    String actual = Answer.of(() -> call.apply(subject.store()));
    seen.merge(what + " " + Answer.kind(expected), 1, Integer::sum);
    assertEquals(forgetful(expected), forgetful(actual), () -> where() + ": " + what );
    return expected;
  }

  /** How a claim ended is told as long as the horizon lasts; behind it compaction may forget that, though never the epoch. */
  private String forgetful(String answer) {
    boolean ended = answer.startsWith("rejected FENCED") || answer.startsWith("rejected CLAIM_LOST") || answer.equals("released");
    return compacting && ended ? "ended" : answer;
  }

  private long revision() {
    return oracle.store().durableRevision();
  }

  private Snapshot fresh(Key key) {
    ReadOptions options = ReadOptions.NEWEST;
    compare("read", store -> store.read(List.of(key), options));
    return oracle.store().read(List.of(key), options).snapshots().get(0);
  }

  private void commit() {
    boolean again = !known.requests.isEmpty() && known.chance(8);
    Commit commit = again ? again(known.recent(known.requests)) : new RandomCommit(known, subject.store().storeId(), revision(), clock.nanos()).make(this::fresh);
    known.requests.add(commit);
    compare(again ? "commit again" : "commit", store -> store.commit(commit));
  }

  /** The same bytes, with a deadline of its own; or another attempt; or the id with other content. */
  private Commit again(Commit commit) {
    Call old = commit.call();
    int attempt = known.chance(20) ? old.attempt() + 1 : old.attempt();
    String writer = known.chance(10) ? "somebody else" : commit.writer();
    String storeId = known.chance(3) ? "other" : commit.storeId();
    Call call = new Call(old.requestId(), attempt, old.since(), clock.nanos());
    return new Commit(call, writer, commit.meta(), commit.guards(), commit.writes(), storeId, commit.baseRevision(), commit.plain(), 0);
  }

  private void claims(int kind) {
    Key key = known.key();
    Knowledge.Held held = known.held(key);
    if (kind < 2 || held == null) {
      claim(key, held);
    } else if (kind == 2) {
      long epoch = known.chance(70) ? held.epoch() : -1;
      compare("renew", store -> store.renew(held.key(), held.claimId(), epoch));
    } else if (kind < 8) {
      long epoch = known.chance(70) ? held.epoch() : -1;
      compare("release", store -> {
        store.release(held.key(), held.claimId(), epoch);
        return "released";
      });
    } else {
      reclaim(key, kind == 8);
    }
  }

  private void claim(Key key, Knowledge.Held held) {
    String id = held != null && known.chance(20) ? held.claimId() : known.freshClaimId();
    long ttl = known.one(List.of(100L, 300L, 2000L, 60_000L));
    String storeId = known.chance(2) ? "other" : null;
    long since = known.chance(60) ? Long.MAX_VALUE : random.nextInt((int) revision() + 1);
    ClaimRequest request = new ClaimRequest(key, id, "holder" + random.nextInt(3), ttl, 0, storeId, clock.nanos() - (known.chance(2) ? 1 : 0), since);
    compare("claim", store -> store.claim(request));
    try {
      Grant grant = oracle.store().claim(request);
      known.claims.add(new Knowledge.Held(key, id, grant.claim().epoch()));
      known.snapshots.add(grant.reading().snapshots().get(0));
    } catch (MortmainException refused) {
      known.claims.add(new Knowledge.Held(key, id, 0));
    }
  }

  private void reclaim(Key key, boolean again) {
    String id = again && !known.requests.isEmpty() && known.chance(30) ? known.recent(known.requests).call().requestId() : known.freshId();
    long since = known.chance(80) ? Long.MAX_VALUE : random.nextInt((int) revision() + 1);
    Call call = new Call(id, 0, since, clock.nanos());
    int what = random.nextInt(4);
    ReclaimRequest request =
        new ReclaimRequest(
            call, what < 2 ? key : null, what == 2 ? known.prefix() : null, what == 3 ? "holder" + random.nextInt(3) : null, "operator", "because");
    compare("reclaim", store -> {
      var event = store.reclaim(request);
      return event.revision() + " " + event.keys().stream().map(Answer::text).sorted().toList();
    });
  }

  private void reads(int kind) {
    long at = known.chance(40) ? -1 : Math.max(0, revision() + 1 - random.nextInt(40));
    ReadOptions options = new ReadOptions(at, kind == 1 ? random.nextInt(4) : -1, known.chance(85), known.chance(10) && at < 0);
    if (kind == 2) {
      Key after = known.chance(30) ? known.key() : null;
      int limit = 1 + random.nextInt(12);
      String prefix = known.prefix();
      maybeCompacted(at, "scan", store -> store.scan(prefix, after, limit, options));
    } else if (kind == 3) {
      String prefix = known.prefix();
      compare("claims", store -> store.claims(prefix));
    } else if (kind > 4) {
      past(kind);
    } else {
      List<Key> keys = known.chance(30) ? known.keys : List.of(known.key(), known.key());
      maybeCompacted(at, "read", store -> store.read(keys, options));
    }
  }

  private void past(int kind) {
    Key key = known.key();
    if (kind == 5) {
      long newest = oracle.store().read(List.of(key), ReadOptions.NEWEST).snapshots().get(0).version();
      long version = random.nextInt((int) newest + 3);
      ReadOptions options = new ReadOptions(-1, known.chance(20) ? random.nextInt(4) : -1, known.chance(85), false);
      perhapsGone("read a version", store -> store.readVersion(key, version, options));
    } else if (kind == 6) {
      HistoryRequest request = new HistoryRequest(key, random.nextInt(4), 1 + random.nextInt(5), known.chance(50));
      if (compacting) {
        KeyEvents expected = oracle.store().history(request);
        KeyEvents actual = subject.store().history(request);
        int kept = Math.min(expected.events().size(), actual.events().size());
        boolean whole = actual.events().size() == expected.events().size();
        seen.merge(whole ? "history accepted" : "history shorter", 1, Integer::sum);
        KeyEvents begin = new KeyEvents(expected.storeId(), expected.revision(), expected.events().subList(0, kept), actual.more());
        Comparator<KeyEvent> order = Comparator.comparingLong(event -> 0);
        assertEquals(comparable(begin, order), comparable(actual, order), this::where);
      } else {
        compare("history", store -> comparable(store.history(request), Comparator.comparingLong(event -> 0)));
      }
    } else {
      long after = Math.max(0, revision() + 3 - random.nextInt(60));
      WatchRequest request = new WatchRequest(known.prefix(), after, 1 + random.nextInt(20), known.chance(50), 0, null);
      perhapsGone("watch", store -> comparable(store.watch(request), REVISION_AND_KEY));
    }
  }

  /** Which value an append shows, and what it weighs, is the engine's own affair, and so is the order of the claims that one reclamation ends. */
  private static String comparable(KeyEvents found, Comparator<KeyEvent> order) {
    List<KeyEvent> events = new ArrayList<>();
    for (KeyEvent event : found.events()) {
      events.add(
          new KeyEvent(
              event.kind(), event.key(), event.prefix(), event.version(), event.tag(), event.epoch(), event.revision(), event.at(), event.writer(),
              event.requestId(), event.meta(), null, 0, null, -1, event.overwrite(), event.holder(), event.reason()));
    }
    events.sort(order);
    return Answer.text(new KeyEvents(found.storeId(), found.revision(), events, found.more()));
  }

  private void perhapsGone(String what, Function<Store, ?> call) {
    maybeCompacted(compacting ? 0 : -1, what, call);
  }

  private void maybeCompacted(long at, String what, Function<Store, ?> call) {
    Map.Entry<Long, Long> minuteAgo = revisionAt.floorEntry(clock.nanos() - 59_000_000_000L);
    boolean may = at >= 0 && (at < compactable || (minuteAgo != null && at < minuteAgo.getValue()));
    String actual = may ? Answer.of(() -> call.apply(subject.store())) : "";
    if (actual.startsWith("rejected COMPACTED")) {
      seen.merge(what + " COMPACTED", 1, Integer::sum);
      Answer.of(() -> call.apply(oracle.store())); // asking lets claims expire
    } else {
      compare(at <= 0 ? what : what + " at a revision", call);
    }
  }

  private void asks() {
    if (known.chance(50)) {
      Key key = known.key();
      Snapshot base = known.snapshots.isEmpty() ? fresh(key) : known.recent(known.snapshots);
      List<Guard> guards = new ArrayList<>(List.of(new Guard.VersionIs(base.key(), base.version(), base.tag()), new Guard.EpochIs(base.key(), base.epoch())));
      Knowledge.Held held = known.held(base.key());
      if (held != null && known.chance(50)) {
        guards.add(new Guard.Holds(held.key(), held.claimId()));
      }
      compare("check", store -> {
        store.check(guards, null, base.revision());
        return "may";
      });
    } else if (known.chance(40)) {
      String id = known.requests.isEmpty() || known.chance(20) ? known.freshId() : known.recent(known.requests).call().requestId();
      compare("resolve", store -> store.resolve(id, "asker"));
    } else {
      Snapshot base = fresh(known.key());
      known.tickets.add(new Knowledge.Going(base.key(), new Ticket("ticket" + step, base.version(), base.tag(), base.epoch())));
    }
  }

  private void time(int kind) {
    revisionAt.put(clock.nanos(), revision());
    if (kind == 0) {
      clock.setWallBy(random.nextInt(7200) - 3600);
    }
    clock.advance(kind == 1 ? 3_600_000_000_000L : kind == 2 ? 1_000_000_000L : random.nextInt(400_000_000));
    if (known.chance(70) || kind <= 2) {
      oracle.tick();
      subject.tick();
    }
    if (kind == 3) {
      for (int second = 0; second < 70; second++) {
        clock.advance(1_000_000_000L);
        oracle.tick();
        subject.tick();
        revisionAt.put(clock.nanos(), revision());
      }
    }
  }

  private void restart() {
    oracle.tick();
    subject.tick();
    oracle.restart();
    subject.restart();
    oracle.tick(); // what an aid told is as old as the last tick, what a replay told is not
    subject.tick();
    compactable = revision();
    assertEquals(revision(), subject.store().durableRevision(), this::where);
  }

  private void compareStates() {
    if (compacting) {
      alignHorizons();
    }
    compare("whole read", store -> store.read(known.keys, ReadOptions.NEWEST));
    compare("whole scan", store -> store.scan("", null, 1000, ReadOptions.NEWEST));
    compare("all claims", store -> store.claims(""));
    Map<String, Object> actual = new TreeMap<>(subject.store().info());
    Map<String, Object> expected = new TreeMap<>(oracle.store().info());
    actual.keySet().retainAll(expected.keySet());
    assertEquals(expected.toString(), actual.toString(), this::where);
    assertTrue((Boolean) subject.store().verify().get("ok"), this::where);
  }
}
