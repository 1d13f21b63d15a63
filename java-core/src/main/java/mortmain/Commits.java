package mortmain;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.LongAdder;
import mortmain.engine.Engine;
import mortmain.fence.CommitShape;
import mortmain.fence.Fence;
import mortmain.fence.Fingerprint;
import mortmain.fence.Rule;
import mortmain.fence.Verdict;
import mortmain.fence.View;
import mortmain.model.Call;
import mortmain.model.Commit;
import mortmain.model.ErrorCode;
import mortmain.model.Event;
import mortmain.model.Key;
import mortmain.model.MortmainException;
import mortmain.model.Outcome;
import mortmain.model.Receipt;
import mortmain.model.Rejection;
import mortmain.model.Write;

/**
 * The way of a commit from the request to the answer: looked at, judged, waiting for a claim or a function if it has to, and told. What holds:
 *
 * <ul>
 *   <li>An attempt that was rejected is closed in the step that rejects it; a copy of it gets the same rejection and is not judged,
 *       and other content under its id is told that the id is used up.
 *   <li>From before it is judged until before it is told, a request is known to {@link Judging}, so that the final word on it waits for this one.
 *   <li>The turn ends before the force: the next in line may compute from what is in flight.
 *   <li>A receipt is told when the files of its keys show it, where their mounts are synchronous.
 * </ul>
 *
 * <p>Thread-safe.
 */
final class Commits {
  private final Engine engine;
  private final Turns turns;
  private final Waiters waiters;
  private final Judging judging;
  private final Contended contended;
  private final Mirrored mirrored;
  private final Reductions reductions;
  private final Rejected rejected = new Rejected();
  private final LongAdder acknowledged = new LongAdder();

  Commits(Engine engine, Turns turns, Waiters waiters, Judging judging, Contended contended, Mirrored mirrored) {
    this.engine = engine;
    this.turns = turns;
    this.waiters = waiters;
    this.judging = judging;
    this.contended = contended;
    this.mirrored = mirrored;
    this.reductions = new Reductions(this, engine, turns, waiters);
  }

  Reductions reductions() {
    return reductions;
  }

  /** How many were acknowledged. */
  long count() {
    return acknowledged.sum();
  }

  /** As {@link Store#submit}. */
  boolean submit(Commit commit, Outcome<Receipt> then, Executor blocking) {
    Rejection problem = problem(commit);
    if (problem != null) {
      turns.end(commit.turn());
      then.reject(problem.exception());
      return true;
    }
    mirrored.look(commit);
    long fingerprint = commit.plain() ? Fingerprint.of(commit) : 0;
    judging.enter(commit.call().requestId());
    Outcome<Receipt> settled = settled(commit, then);
    boolean late = isLate(commit.call().deadline());
    if (commit.reduce() != null) {
      return reductions.submit(commit, fingerprint, settled, late, blocking);
    }
    boolean waits = engine.decide(rule(commit, fingerprint, true, late), true, settled);
    turns.end(commit.turn()); // before the force: the next in line may compute from what is in flight
    if (waits) {
      blocking.execute(() -> waitForClaims(commit, fingerprint, settled));
    }
    return true;
  }

  private Rejection problem(Commit commit) {
    Rejection problem = CommitShape.problem(commit, engine.limits());
    return problem == null ? engine.refuse(commit).orElse(null) : problem;
  }

  /** Judged under the engine's lock, so that a rejected attempt is closed in the same step. */
  Rule<Receipt> rule(Commit commit, long fingerprint, boolean mayWait, boolean late) {
    return view -> {
      Rejection before = closed(view, commit.call(), fingerprint);
      Verdict<Receipt> verdict;
      if (before != null) {
        verdict = Fence.again(view, before);
      } else if (late && !Fence.settled(view, commit.call())) {
        verdict = Verdict.reject(late());
      } else {
        verdict = Fence.commit(view, commit, fingerprint);
      }
      if (before == null && verdict instanceof Verdict.Rejected<Receipt> no && !(mayWait && no.canWait())) {
        rejected.add(commit.call(), fingerprint, no.rejection());
      }
      return verdict;
    };
  }

  /** The rejection that closed this attempt, or null; one that was accepted stays open for asking, whatever came under its id later. */
  private Rejection closed(View view, Call call, long fingerprint) {
    Rejection before = rejected.of(call, fingerprint);
    boolean accepted =
        before != null
            && view.remembered(call.requestId()).orElse(null) instanceof Event.Committed committed
            && committed.attempt() == call.attempt();
    return accepted ? null : before;
  }

  private void waitForClaims(Commit commit, long fingerprint, Outcome<Receipt> then) {
    List<Key> keys = new ArrayList<>();
    for (Write write : commit.writes()) {
      keys.add(((Write.OnKey) write).key());
    }
    try (Waiters.Waiter waiter = waiters.enter(keys.stream().distinct().toList(), null)) {
      boolean inTime = true;
      while (engine.decide(rule(commit, fingerprint, inTime, false), inTime, then)) {
        engine.force();
        waiter.await(commit.call().deadline() - engine.now());
        inTime = commit.call().deadline() - engine.now() > 0;
      }
      engine.force();
    }
  }

  private Outcome<Receipt> settled(Commit commit, Outcome<Receipt> then) {
    return new Outcome<>() {
      @Override
      public void answer(Receipt receipt) {
        judging.leave(commit.call().requestId());
        acknowledged.increment();
        then.answer(mirrored.acknowledged(receipt));
      }

      @Override
      public void reject(MortmainException rejection) {
        judging.leave(commit.call().requestId());
        contended.rejected(commit.writer(), rejection.rejection(), engine.now());
        then.reject(rejection);
      }
    };
  }

  /** A request that nobody waits for any more is not judged. */
  boolean isLate(long deadline) {
    return deadline != Long.MAX_VALUE && deadline - engine.now() < 0;
  }

  static Rejection late() {
    return Rejection.of(
        ErrorCode.UNAVAILABLE, "the deadline had passed before this was looked at: nothing was changed", Map.of("reason", "timeout"));
  }
}
