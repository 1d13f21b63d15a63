package mortmain;

import java.util.concurrent.Executor;
import mortmain.engine.Engine;
import mortmain.fence.Rule;
import mortmain.fence.Verdict;
import mortmain.model.Commit;
import mortmain.model.Key;
import mortmain.model.MortmainException;
import mortmain.model.Outcome;
import mortmain.model.Receipt;
import mortmain.model.Reduced;
import mortmain.model.Write;

/** One reduce commit on its way to its answer. Only one thread has it at a time. */
final class ReduceJob {
  /** Where a judgement leaves it. */
  enum Standing {
    /** It made what it asked for true, and its answer is on its way. */
    COMMITTED,
    /** It changed nothing, or had been committed before; its answer is on its way. */
    ANSWERED,
    /** A function has to run on the value that the key has now. */
    UNREADY,
    /** A claim has to end first. */
    CLAIMED
  }

  private final Commits commits;
  private final Engine engine;
  private final Commit commit;
  private final long fingerprint;
  private final Outcome<Receipt> then;
  private final Executor blocking;
  private Standing standing;

  ReduceJob(Commits commits, Engine engine, Commit commit, long fingerprint, Outcome<Receipt> then, Executor blocking) {
    this.commits = commits;
    this.engine = engine;
    this.commit = commit;
    this.fingerprint = fingerprint;
    this.then = then;
    this.blocking = blocking;
  }

  Write.Reduce asked() {
    return commit.reduce();
  }

  Key key() {
    return asked().key();
  }

  String requestId() {
    return commit.call().requestId();
  }

  /** Nanoseconds until nobody waits for it any more. */
  long left() {
    return commit.call().deadline() - engine.now();
  }

  boolean isLate() {
    return commits.isLate(commit.call().deadline());
  }

  /** Judges it as every commit is; without {@code reduced} it commits nothing. */
  Standing judge(Reduced reduced, boolean mayWait, boolean late) {
    Rule<Receipt> rule = commits.rule(reduced == null ? commit : commit.with(reduced), fingerprint, mayWait, late);
    standing = Standing.ANSWERED;
    boolean open = engine.decide(
        view -> {
          Verdict<Receipt> verdict = rule.judge(view);
          standing = standing(verdict);
          return verdict;
        },
        mayWait,
        then);
    return open && standing != Standing.UNREADY ? Standing.CLAIMED : standing;
  }

  private static Standing standing(Verdict<Receipt> verdict) {
    if (verdict instanceof Verdict.Unready<Receipt>) {
      return Standing.UNREADY;
    }
    boolean made = verdict instanceof Verdict.Accepted<Receipt> accepted && !accepted.events().isEmpty();
    return made ? Standing.COMMITTED : Standing.ANSWERED;
  }

  /** As {@link #judge}, of what a function made, which may be malformed. */
  Standing settle(Reduced reduced) {
    MortmainException malformed =
        reduced.value() == null ? null : engine.refuse(commit.with(reduced)).map(one -> one.exception()).orElse(null);
    if (malformed == null) {
      return judge(reduced, true, false);
    }
    reject(malformed);
    return Standing.ANSWERED;
  }

  /** The last word on one whose time is over: what it was answered before, or that it is late. */
  void end() {
    if (judge(null, false, true) == Standing.UNREADY) {
      reject(Commits.late().exception());
    }
  }

  void reject(MortmainException rejection) {
    then.reject(rejection);
  }

  /** Goes on where it may block. */
  void elsewhere(Runnable task) {
    blocking.execute(task);
  }
}
