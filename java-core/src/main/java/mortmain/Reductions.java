package mortmain;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import mortmain.engine.Engine;
import mortmain.fence.Rule;
import mortmain.fence.Verdict;
import mortmain.model.Commit;
import mortmain.model.ErrorCode;
import mortmain.model.Key;
import mortmain.model.MortmainException;
import mortmain.model.Outcome;
import mortmain.model.ReadOptions;
import mortmain.model.Receipt;
import mortmain.model.Reduced;
import mortmain.model.Rejection;
import mortmain.model.Snapshot;
import mortmain.model.Write;

/**
 * Commits whose value a trusted function computes. It runs outside of every lock, on a thread that asks here for work, and what it made
 * of a version is committed only if the key still has that version; otherwise it runs again. Whoever reduces a key has the turn on it, so that
 * it mostly runs once, and updates of the same key wait. Commits of other keys never meet any of it. Thread-safe.
 */
public final class Reductions {
  /** As long as a function may run; less than a turn lasts. */
  public static final Duration LIMIT = Duration.ofSeconds(1);

  private static final long LOOK_MILLIS = 100;
  /** So many short runs in a row share a force. */
  private static final int FORCED_AFTER = 16;
  /** A run of this many nanoseconds is not short: no answer waits for the next such one. */
  private static final long SHORT = 200_000;

  private static final ReadOptions IN_FLIGHT = new ReadOptions(-1, -1, true, true);

  private final Commits commits;
  private final Engine engine;
  private final Turns turns;
  private final Waiters waiters;
  private final Hands<Job> hands = new Hands<>();

  private final Set<Reduction> running = new HashSet<>();
  private final AtomicLong numbers = new AtomicLong();
  private final AtomicInteger unforced = new AtomicInteger();
  private Set<String> modules = Set.of();
  private Duration limit = LIMIT;
  private String closed = "no module of functions was named when it was started (mortmain serve --reducers)";

  /** One commit on its way. Only one thread has it at a time. */
  final class Job {
    private final Commit commit;
    private final long fingerprint;
    private final Outcome<Receipt> then;
    private final Executor blocking;
    private boolean unready;
    private long turn;

    private Job(Commit commit, long fingerprint, Outcome<Receipt> then, Executor blocking) {
      this.commit = commit;
      this.fingerprint = fingerprint;
      this.then = then;
      this.blocking = blocking;
    }

    Write.Reduce asked() {
      return commit.reduce();
    }

    /** Whether it is not answered yet; then {@link #unready} says for what it waits. */
    private boolean judge(Reduced reduced, boolean mayWait, boolean late) {
      Rule<Receipt> rule = commits.rule(reduced == null ? commit : commit.with(reduced), fingerprint, mayWait, late);
      return engine.decide(
          view -> {
            Verdict<Receipt> verdict = rule.judge(view);
            unready = verdict instanceof Verdict.Unready<Receipt>;
            return verdict;
          },
          mayWait,
          then);
    }

    private void reject(MortmainException rejection) {
      endTurn();
      then.reject(rejection);
    }

    private void endTurn() {
      long ended = turn;
      turn = 0;
      turns.end(ended);
    }
  }

  Reductions(Commits commits, Engine engine, Turns turns, Waiters waiters) {
    this.commits = commits;
    this.engine = engine;
    this.turns = turns;
    this.waiters = waiters;
  }

  // ---------------------------------------------------------------- whoever runs the functions

  /** From now on functions of these modules run, each for at most so long, on threads that ask for work by {@link #next}. */
  public synchronized void open(Set<String> named, Duration atMost) {
    modules = Set.copyOf(named);
    limit = atMost;
    closed = null;
  }

  /** No function runs any more; {@code why} is part of a sentence. */
  public void close(String why) {
    synchronized (this) {
      closed = why;
      notifyAll();
    }
    hands.close().forEach(job -> job.reject(unsupported()));
  }

  private synchronized MortmainException unsupported() {
    return Rejection.of(
            ErrorCode.UNSUPPORTED, "this gateway runs no Python functions, use update instead: " + closed, Map.of("operation", "reduce"))
        .exception();
  }

  private synchronized boolean isClosed() {
    return closed != null;
  }

  /** Waits for something to compute; null when there will be nothing any more. */
  public Reduction next() {
    for (Job job = hands.take(); job != null; job = hands.take()) {
      if (isClosed()) {
        job.reject(unsupported());
        continue;
      }
      Reduction reduction = begin(job);
      if (reduction != null) {
        return reduction;
      }
    }
    return null;
  }

  /** Null when it was answered without running anything. */
  private Reduction begin(Job job) {
    if (job.turn == 0 || commits.isLate(job.commit.call().deadline())) {
      if (job.judge(null, false, true)) {
        job.reject(Commits.late().exception());
      }
      job.endTurn();
      engine.force();
      return null;
    }
    Snapshot before;
    try {
      before = engine.read(List.of(job.asked().key()), IN_FLIGHT).snapshots().get(0);
    } catch (MortmainException failure) {
      job.reject(failure);
      return null;
    }
    Reduction reduction = new Reduction(this, job, before, numbers.incrementAndGet());
    synchronized (this) {
      running.add(reduction); // whoever looks for late ones is not woken for each
    }
    return reduction;
  }

  /** Waits for one that runs longer than it may, and was not given out as such yet; null when there will be none any more. */
  public Reduction late() throws InterruptedException {
    return older(limit.toNanos(), Reduction::isUnnoticed);
  }

  /** Gives up those that run so much longer than they may that whoever asks for {@link #late} must be stuck; returns when closed. */
  public void giveUp(Duration beyond) throws InterruptedException {
    Reduction stuck = older(limit.plus(beyond).toNanos(), one -> true);
    while (stuck != null) {
      stuck.giveUp(tooLong(), "(it does not let other Python threads run)");
      stuck = older(limit.plus(beyond).toNanos(), one -> true);
    }
  }

  /** What is wrong with one that ran longer than it may. */
  public String tooLong() {
    return "ran past its time limit of " + limit.toMillis() / 1e3 + " s";
  }

  private synchronized Reduction older(long nanos, Predicate<Reduction> wanted) throws InterruptedException {
    while (closed == null) {
      long now = System.nanoTime();
      long wait = 0;
      for (Reduction one : running) {
        long left = nanos - (now - one.begun());
        if (left <= 0 && wanted.test(one)) {
          return one;
        } else if (left > 0) {
          wait = wait == 0 ? left : Math.min(wait, left);
        }
      }
      wait(wait == 0 ? LOOK_MILLIS : 1 + wait / 1_000_000);
    }
    return null;
  }

  // ---------------------------------------------------------------- on the way to an answer

  /** Whether its answer may wait for a force. */
  boolean submit(Commit commit, long fingerprint, Outcome<Receipt> then, boolean late, Executor blocking) {
    Job job = new Job(commit, fingerprint, then, blocking);
    boolean open = job.judge(null, true, late);
    if (open) {
      goOn(job);
    }
    return !open;
  }

  /** It was not answered: for a claim it waits on a thread of its own, for a function in the queue of its key. */
  private void goOn(Job job) {
    if (!job.unready) {
      job.endTurn();
      job.blocking.execute(() -> waitForClaim(job));
    } else if (isClosed()) {
      job.reject(unsupported());
    } else if (!isNamed(job.asked())) {
      job.reject(unnamed(job.asked()));
    } else if (job.turn != 0) {
      hand(job); // somebody without a turn was faster
    } else {
      turns.take(job.asked().key(), job.commit.call().deadline() - engine.now(), turn -> {
        job.turn = turn;
        hand(job);
      });
    }
  }

  private void hand(Job job) {
    if (!hands.give(job)) {
      job.reject(unsupported());
    }
  }

  private synchronized boolean isNamed(Write.Reduce asked) {
    return modules.contains(asked.function().substring(0, asked.function().indexOf(':')));
  }

  private static MortmainException unnamed(Write.Reduce asked) {
    return Rejection.invalid("function", asked.function() + " is in no module that this gateway was told to trust (mortmain serve --reducers)")
        .exception();
  }

  private void waitForClaim(Job job) {
    Key key = job.asked().key();
    try (Waiters.Waiter waiter = waiters.enter(List.of(key), null)) {
      boolean inTime = true;
      while (job.judge(null, inTime, false)) {
        if (job.unready) {
          goOn(job);
          return;
        }
        engine.force();
        waiter.await(job.commit.call().deadline() - engine.now());
        inTime = !commits.isLate(job.commit.call().deadline());
      }
      engine.force();
    }
  }

  /** A function has run: what it made is judged like every commit. */
  void settle(Job job, Reduction reduction, Reduced reduced) {
    synchronized (this) {
      running.remove(reduction);
    }
    Rejection malformed = reduced.value() == null ? null : engine.refuse(job.commit.with(reduced)).orElse(null);
    if (malformed != null) {
      job.reject(malformed.exception());
    } else if (job.judge(reduced, true, false)) {
      goOn(job);
    } else {
      job.endTurn();
    }
    if (!canWait(job, reduction, hands.own()) || unforced.incrementAndGet() >= FORCED_AFTER) {
      unforced.set(0);
      engine.forceElsewhere(1, 0); // forced here it was slower: whoever asks meanwhile finds no warm thread
    }
  }

  /** Whether this thread soon has another answer that can share a force: the same function runs again at once, and was short. */
  private static boolean canWait(Job job, Reduction reduction, Job next) {
    return next != null && next.turn != 0 && next.asked().function().equals(job.asked().function()) && reduction.took() < SHORT;
  }
}
