package mortmain;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import mortmain.engine.Engine;
import mortmain.model.Commit;
import mortmain.model.ErrorCode;
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
 * of a version is committed only if the key still has that version; otherwise it runs again. Thread-safe. What holds:
 *
 * <ul>
 *   <li>Those of one key run one after the other, in the order in which they came. What waits while one runs is handed out together, as a chain
 *       of links: each has what the one before it made, and is committed, rejected and answered on its own, in turn.
 *   <li>If a link is not committed, what those behind it made of it is thrown away: they run again. One that fails leaves the value as it is.
 *   <li>A chain has the turn on its key, so that its functions mostly run once, and updates of the same key wait, and come between two chains.
 *   <li>Commits of other keys never meet any of it.
 * </ul>
 */
public final class Reductions {
  /** As long as a function may run; less than a turn lasts. */
  public static final Duration LIMIT = Duration.ofSeconds(1);

  /** A function whose run took so many nanoseconds is not quick. */
  private static final long QUICK = 500_000;

  private static final ReadOptions IN_FLIGHT = new ReadOptions(-1, -1, true, true);
  private static final byte[] NOTHING = {};

  private final Commits commits;
  private final Engine engine;
  private final Turns turns;
  private final Waiters waiters;
  private final Chains chains = new Chains();
  private final Hands<Chains.Chain> hands = new Hands<>();
  private final Running running = new Running();
  private final AtomicLong numbers = new AtomicLong();

  @SuppressWarnings("ThreadLocalUsage") // of one store: a thread serves one
  private final ThreadLocal<ByteBuffer> progress =
      ThreadLocal.withInitial(() -> ByteBuffer.allocateDirect(Integer.BYTES).order(ByteOrder.nativeOrder()));

  private volatile Set<String> modules = Set.of();
  private volatile Duration limit = LIMIT;
  private volatile String closed = "no module of functions was named when it was started (mortmain serve --reducers)";

  Reductions(Commits commits, Engine engine, Turns turns, Waiters waiters) {
    this.commits = commits;
    this.engine = engine;
    this.turns = turns;
    this.waiters = waiters;
  }

  // ---------------------------------------------------------------- whoever runs the functions

  /** From now on functions of these modules run, each for at most so long, on threads that ask for work by {@link #next}. */
  public void open(Set<String> named, Duration atMost) {
    modules = Set.copyOf(named);
    limit = atMost;
    closed = null;
  }

  /** No function runs any more; {@code why} is part of a sentence. */
  public void close(String why) {
    closed = why;
    running.wakeUp();
    hands.close();
    chains.drain().forEach(job -> job.reject(unsupported()));
  }

  private MortmainException unsupported() {
    return Rejection.of(
            ErrorCode.UNSUPPORTED, "this gateway runs no Python functions, use update instead: " + closed, Map.of("operation", "reduce"))
        .exception();
  }

  Chains chains() {
    return chains;
  }

  private boolean isClosed() {
    return closed != null;
  }

  /** Where the calling thread says which link, from 0, it is at: a number of four bytes, in the machine's order. */
  public ByteBuffer progress() {
    return progress.get();
  }

  /** Waits for something to compute; null when there will be nothing any more. */
  public Reduction next() {
    for (Chains.Chain chain = hands.take(); chain != null; chain = hands.take()) {
      Reduction reduction = chain.turn == 0 || isClosed() ? null : begin(chain);
      if (reduction != null) {
        return reduction;
      }
      goOn(chain);
    }
    return null;
  }

  /** Null when there is nothing to run. */
  private Reduction begin(Chains.Chain chain) {
    List<ReduceJob> jobs = chains.next(chain);
    if (jobs.removeIf(this::isOver)) {
      engine.force();
    }
    if (jobs.isEmpty()) {
      return null;
    }
    Snapshot before;
    try {
      before = engine.read(List.of(chain.key), IN_FLIGHT).snapshots().get(0);
    } catch (MortmainException failure) {
      jobs.forEach(job -> job.reject(failure));
      return null;
    }
    Reduction reduction = new Reduction(this, chain, jobs, before, numbers.incrementAndGet(), progress.get());
    running.add(reduction);
    return reduction;
  }

  /** Answers one whose time is over. */
  private boolean isOver(ReduceJob job) {
    if (job.isLate()) {
      job.end();
      return true;
    }
    return false;
  }

  /** Waits for a function that runs longer than it may, once for each run; null when there will be none any more. */
  public Late late() throws InterruptedException {
    Late late = null;
    while (late == null && !isClosed()) {
      late = running.older(limit.toNanos(), Reduction::isUnnoticed);
    }
    return late;
  }

  /**
   * Gives up functions that run so much longer than they may that whoever asks for {@link #late} must be stuck, and answers those that wait for
   * longer than they want to; returns when closed.
   */
  public void giveUp(Duration beyond) throws InterruptedException {
    while (!isClosed()) {
      Late stuck = running.older(limit.plus(beyond).toNanos(), one -> true);
      if (stuck != null) {
        stuck.giveUp(tooLong(), "(it does not let other Python threads run)", "", NOTHING);
      }
      List<ReduceJob> late = chains.late();
      late.forEach(ReduceJob::end);
      if (!late.isEmpty()) {
        engine.force();
      }
    }
  }

  /** What is wrong with one that ran longer than it may. */
  public String tooLong() {
    return "ran past its time limit of " + limit.toMillis() / 1e3 + " s";
  }

  // ---------------------------------------------------------------- on the way to an answer

  /** Whether its answer may wait for a force. */
  boolean submit(Commit commit, long fingerprint, Outcome<Receipt> then, boolean late, Executor blocking) {
    ReduceJob job = new ReduceJob(commits, engine, commit, fingerprint, then, blocking);
    return !goOn(job, job.judge(null, true, late));
  }

  /** Whether it was not answered: for a claim it waits on a thread of its own, for a function in the chain of its key. */
  private boolean goOn(ReduceJob job, ReduceJob.Standing standing) {
    switch (standing) {
      case CLAIMED -> job.elsewhere(() -> waitForClaim(job));
      case UNREADY -> compute(job);
      case COMMITTED, ANSWERED -> {
        return false;
      }
    }
    return true;
  }

  private void compute(ReduceJob job) {
    if (isClosed()) {
      job.reject(unsupported());
    } else if (!isNamed(job.asked())) {
      job.reject(unnamed(job.asked()));
    } else {
      Chains.Chain chain = chains.add(job);
      if (chain != null) {
        start(chain);
      }
    }
  }

  private void start(Chains.Chain chain) {
    turns.take(
        chain.key,
        Long.MAX_VALUE,
        turn -> {
          chain.turn = turn;
          hand(chain);
        });
  }

  private void hand(Chains.Chain chain) {
    if (!hands.give(chain)) {
      goOn(chain);
    }
  }

  private boolean isNamed(Write.Reduce asked) {
    return modules.contains(asked.function().substring(0, asked.function().indexOf(':')));
  }

  private static MortmainException unnamed(Write.Reduce asked) {
    return Rejection.invalid("function", asked.function() + " is in no module that this gateway was told to trust (mortmain serve --reducers)")
        .exception();
  }

  private void waitForClaim(ReduceJob job) {
    try (Waiters.Waiter waiter = waiters.enter(List.of(job.key()), null)) {
      boolean inTime = true;
      ReduceJob.Standing standing = job.judge(null, inTime, false);
      while (standing == ReduceJob.Standing.CLAIMED) {
        engine.force();
        waiter.await(job.left());
        inTime = !job.isLate();
        standing = job.judge(null, inTime, false);
      }
      if (!goOn(job, standing)) {
        engine.force();
      }
    }
  }

  /**
   * Functions have run: what they made is judged like every commit, in order.
   *
   * @param made what each link made, null for one that has to run again
   * @param givenUp the link that took too long, which fails whatever the others did, or -1
   */
  void settle(Reduction reduction, Reduced[] made, int givenUp) {
    running.remove(reduction);
    learn(reduction, made, givenUp);
    List<ReduceJob> again = new ArrayList<>(0);
    boolean holds = true; // what the next one was computed from is what the key has
    for (int i = 0; i < made.length; i++) {
      ReduceJob job = reduction.jobs().get(i);
      if (i != givenUp && (made[i] == null || !holds)) {
        again.add(job);
        holds = false;
        continue;
      }
      ReduceJob.Standing standing = job.settle(made[i]);
      holds &= standing == ReduceJob.Standing.COMMITTED || (standing == ReduceJob.Standing.ANSWERED && made[i].failure() != null);
      if (standing == ReduceJob.Standing.UNREADY) {
        again.add(job);
      } else {
        goOn(job, standing);
      }
    }
    chains.putBack(reduction.chain(), again);
    if (again.isEmpty()) { // else somebody without a turn was faster: these keep theirs
      endTurn(reduction.chain()); // before the force, so that the next in line may compute from what is in flight
    }
    engine.force();
    hand(reduction.chain());
  }

  private void learn(Reduction reduction, Reduced[] made, int givenUp) {
    boolean isQuick = reduction.took() < QUICK * made.length;
    for (int i = 0; i < made.length; i++) {
      boolean hasRun = made[i] != null && made[i].failure() == null;
      if (givenUp < 0 ? hasRun : i == givenUp) {
        chains.learn(reduction.jobs().get(i).asked().function(), givenUp < 0 && isQuick);
      }
    }
  }

  private void endTurn(Chains.Chain chain) {
    long ended = chain.turn;
    chain.turn = 0;
    turns.end(ended);
  }

  /** With what has come meanwhile, as soon as it is this key's turn again. */
  private void goOn(Chains.Chain chain) {
    endTurn(chain);
    if (isClosed()) {
      chains.drain().forEach(job -> job.reject(unsupported()));
    }
    if (chains.goesOn(chain)) {
      start(chain);
    }
  }
}
