package mortmain.file;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.logging.Level;
import java.util.logging.Logger;
import mortmain.journal.Journal;
import mortmain.journal.JournalDamaged;
import mortmain.journal.JournalPoisoned;
import mortmain.journal.Sealed;

/**
 * Chooses what to compact, and when. In the background it takes sealed segments that are mostly dead and old enough, and joins small ones; asked
 * to, it takes every one that has something to drop. One compaction at a time; thread-safe.
 */
final class Compactor {
  private static final Logger LOG = Logger.getLogger("mortmain");
  private static final long LOOK_EVERY_NANOS = TimeUnit.SECONDS.toNanos(5);
  private static final long BACK_OFF_NANOS = TimeUnit.MINUTES.toNanos(10);
  private static final int KEYS_AT_ONCE = 1000;
  /** Of a record beside its value and key, about. */
  private static final int OVERHEAD = 100;
  /** Live bytes below this share of a segment: it is mostly dead. */
  private static final double MOSTLY_DEAD = 0.5;
  /** What a rewriting in the background must save. */
  private static final double WORTH = 0.75;
  private static final int MANY_SMALL = 8;

  private record Waiting(long until, long pause) {}

  /** One run, and what the new segment may have of its bytes at most. */
  private record Plan(List<Sealed> run, double worth, boolean lastOnly) {}

  private final Compaction.Host host;
  private final Journal journal;
  private final FileState state;
  private final Past past;
  private final Clocks clocks;
  private final long largest;
  private final Worker worker = new Worker("mortmain-compaction", this::live);
  private final Map<Integer, Waiting> waiting = new HashMap<>();
  /** What the rounds of one request have seen to. */
  private final Set<Integer> tried = new HashSet<>();
  private long triedAt;
  private volatile String failure;
  private Runnable chore = () -> { };
  private long lookedAt = Long.MIN_VALUE / 2;
  private int lookedSegments;

  private final LongAdder runs = new LongAdder();
  private final LongAdder savedBytes = new LongAdder();

  /** {@code largest}: bytes of the biggest segment that is written. */
  Compactor(Compaction.Host host, Journal journal, FileState state, Past past, Clocks clocks, long largest) {
    this.host = host;
    this.journal = journal;
    this.state = state;
    this.past = past;
    this.clocks = clocks;
    this.largest = largest;
  }

  /** {@code more}: something else to do now and then, while nothing is compacted. */
  void start(Runnable more) {
    chore = more;
    worker.start();
  }

  boolean stopping() {
    return worker.stopping();
  }

  /** Returns when no compaction runs any more. */
  void stop() {
    worker.stop();
    synchronized (this) { // one that was asked for
      waiting.clear();
    }
  }

  private void live() {
    while (worker.rest(LOOK_EVERY_NANOS)) {
      try {
        background();
        synchronized (this) {
          chore.run();
        }
      } catch (JournalPoisoned e) {
        return; // a poisoned journal tells everybody by itself
      } catch (IOException | RuntimeException e) {
        failed(e);
      }
    }
  }

  private void failed(Exception e) {
    if (!worker.stopping()) {
      failure = String.valueOf(e.getMessage());
      LOG.log(Level.WARNING, "compaction failed and will be tried again: " + e.getMessage(), e instanceof JournalDamaged ? null : e);
    }
  }

  /** One look, if something may have changed since the last one. Returns the number of runs that were compacted. */
  synchronized int background() throws IOException {
    journal.removeUnread();
    List<Sealed> sealed = journal.sealed();
    long now = clocks.claims();
    if (sealed.isEmpty() || (sealed.size() == lookedSegments && now - lookedAt < Ages.YOUNG_NANOS)) {
      return 0;
    }
    lookedAt = now;
    lookedSegments = sealed.size();
    Map<Integer, Long> alive = measure();
    Cutoffs cutoffs = cutoffs(sealed, alive);
    int done = 0;
    for (Plan plan : plans(sealed, alive, cutoffs, now)) {
      Compaction.Result result = compact(plan, cutoffs);
      boolean idle = result.after() >= result.before();
      done += idle ? 0 : 1;
      for (Sealed each : idle ? plan.run() : List.<Sealed>of()) {
        Waiting before = waiting.get(each.number());
        long pause = before == null ? BACK_OFF_NANOS : Math.min(2 * before.pause(), TimeUnit.DAYS.toNanos(1));
        waiting.put(each.number(), new Waiting(now + pause, pause));
      }
    }
    failure = null;
    return done;
  }

  /** Compacts what has something to drop, now, one run after the other until the time is over. Plain scalars. */
  synchronized Map<String, Object> all(Duration atMost) throws IOException {
    long begun = System.nanoTime();
    if (begun - triedAt > Ages.YOUNG_NANOS) {
      tried.clear(); // of a request that was given up
    }
    List<Sealed> sealed = journal.sealed();
    long before = journal.bytesOnDisk();
    int segments = sealed.size() + 1;
    Map<Integer, Long> alive = measure();
    Cutoffs cutoffs = cutoffs(sealed, alive);
    List<Plan> plans = new ArrayList<>();
    for (List<Sealed> run : groups(sealed, alive, each -> cutoffs.newest() > each.after() && !tried.contains(each.number()))) {
      plans.add(new Plan(run, run.size() > 1 ? 1.0 : 0.95, last(run).upTo() <= cutoffs.cap()));
    }
    long dropped = 0;
    int left = plans.size();
    for (Plan plan : plans) {
      if (left < plans.size() && System.nanoTime() - begun > atMost.toNanos()) {
        break;
      }
      Compaction.Result result = compact(plan, cutoffs);
      dropped += result.records() - result.kept();
      plan.run().forEach(each -> tried.add(each.number()));
      tried.add(result.segment());
      left--;
    }
    if (left == 0) {
      tried.clear();
    }
    triedAt = System.nanoTime();
    journal.removeUnread();
    Map<String, Object> report = new LinkedHashMap<>();
    report.put("segments_before", (long) segments);
    report.put("segments", (long) journal.sealed().size() + 1);
    report.put("bytes_before", before);
    report.put("bytes", journal.bytesOnDisk());
    report.put("records_dropped", dropped);
    report.put("more", left > 0);
    return report;
  }

  /** Compacts one run, worth it or not: any run must do, whatever is chosen. */
  synchronized void one(List<Sealed> run) throws IOException {
    List<Sealed> sealed = journal.sealed();
    compact(new Plan(run, Double.MAX_VALUE, false), cutoffs(sealed, measure()));
    journal.removeUnread();
  }

  private Compaction.Result compact(Plan plan, Cutoffs cutoffs) throws IOException {
    Compaction.Result result =
        new Compaction(host, journal, state, past, plan.run(), cutoffs.byPrefix(), plan.lastOnly()).run(plan.worth());
    if (result.after() < result.before()) {
      runs.increment();
      savedBytes.add(result.before() - result.after());
    }
    return result;
  }

  private static Sealed last(List<Sealed> run) {
    return run.get(run.size() - 1);
  }

  /** By prefix of a rule; {@code newest} of them; {@code cap}: up to there, history is more than may be kept at all. */
  private record Cutoffs(Map<String, Long> byPrefix, long newest, long cap) {}

  private Cutoffs cutoffs(List<Sealed> sealed, Map<Integer, Long> alive) {
    Map<String, Long> byPrefix = new TreeMap<>();
    long[] cap = {overflowing(sealed, alive)};
    host.locked(() -> {
      Ages ages = state.index().ages();
      long settled = state.index().recent().keptSince(ages.settled());
      cap[0] = Math.min(cap[0], settled);
      for (Retention.Rule rule : state.index().retention().rules().values()) {
        byPrefix.put(rule.prefix(), Math.max(cap[0], Math.min(settled, ages.olderThan(rule.seconds(), clocks.claims()))));
      }
    });
    return new Cutoffs(byPrefix, byPrefix.values().stream().mapToLong(revision -> revision).max().orElse(0), cap[0]);
  }

  /** Up to this revision history does not fit into what may be kept of it. */
  private long overflowing(List<Sealed> sealed, Map<Integer, Long> alive) {
    long history = 0;
    for (int i = sealed.size() - 1; i >= 0; i--) {
      Sealed each = sealed.get(i);
      history += Math.max(0, each.bytes() - alive.getOrDefault(each.number(), 0L));
      if (history > state.settings().historyBytes()) {
        return each.upTo();
      }
    }
    return 0;
  }

  private List<Plan> plans(List<Sealed> sealed, Map<Integer, Long> alive, Cutoffs cutoffs, long now) {
    List<Plan> plans = new ArrayList<>();
    List<List<Sealed>> dead = groups(sealed, alive, each -> each.upTo() <= cutoffs.newest() && isRested(each, now)
        && alive.getOrDefault(each.number(), 0L) < each.bytes() * MOSTLY_DEAD);
    for (List<Sealed> run : dead) {
      plans.add(new Plan(run, WORTH, last(run).upTo() <= cutoffs.cap()));
    }
    if (plans.isEmpty()) {
      for (List<Sealed> run : groups(sealed, alive, each -> each.bytes() <= largest / 16 && each.upTo() <= cutoffs.newest() && isRested(each, now))) {
        if (run.size() >= MANY_SMALL) {
          plans.add(new Plan(run, 1.1, last(run).upTo() <= cutoffs.cap()));
        }
      }
    }
    return plans;
  }

  private boolean isRested(Sealed segment, long now) {
    Waiting pause = waiting.get(segment.number());
    return pause == null || pause.until() <= now;
  }

  private interface Choice {
    boolean takes(Sealed segment);
  }

  /** Segments that follow each other, as many as fit into one. */
  private List<List<Sealed>> groups(List<Sealed> sealed, Map<Integer, Long> alive, Choice choice) {
    List<List<Sealed>> groups = new ArrayList<>();
    List<Sealed> group = new ArrayList<>();
    long living = 0;
    long bytes = 0;
    for (Sealed each : sealed) {
      long more = alive.getOrDefault(each.number(), 0L);
      boolean fits = group.isEmpty() || (living + more <= largest && bytes + each.bytes() <= 4 * largest);
      if (!group.isEmpty() && (!choice.takes(each) || !fits)) {
        groups.add(group);
        group = new ArrayList<>();
        living = 0;
        bytes = 0;
      }
      if (choice.takes(each)) {
        group.add(each);
        living += more;
        bytes += each.bytes();
      }
    }
    if (!group.isEmpty()) {
      groups.add(group);
    }
    return groups;
  }

  /** About how many bytes of each segment are live: values that are there now. */
  private Map<Integer, Long> measure() {
    Map<Integer, Long> alive = new HashMap<>();
    KeyRecord[] next = new KeyRecord[1];
    boolean[] more = {true};
    long[] held = new long[1];
    while (more[0] && !worker.stopping()) {
      Aids.rest(held[0]); // the lock is not fair: who waits for it would not get it in between
      host.locked(() -> {
        long begun = System.nanoTime();
        more[0] = false;
        int seen = 0;
        for (KeyRecord record : next[0] == null ? state.index().all().values() : state.index().all().tailMap(next[0].key, false).values()) {
          count(record, alive);
          next[0] = record;
          if (++seen == KEYS_AT_ONCE) {
            more[0] = true;
            break;
          }
        }
        held[0] = System.nanoTime() - begun;
      });
    }
    return alive;
  }

  private static void count(KeyRecord record, Map<Integer, Long> alive) {
    Content content = record.exists() ? record.newest.content : null;
    for (int i = 0; content != null && i < content.size(); i++) {
      Piece piece = content.pieces()[i];
      alive.merge(Piece.segment(piece.place()), (long) piece.length() + OVERHEAD + record.key.utf8().length, Long::sum);
    }
  }

  /** Plain scalars. */
  Map<String, Object> info() {
    Map<String, Object> info = new LinkedHashMap<>();
    info.put("runs", runs.sum());
    info.put("saved_bytes", savedBytes.sum());
    info.put("failure", failure);
    return info;
  }
}
