package mortmain.file;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import mortmain.engine.Engine;
import mortmain.engine.Mirroring;
import mortmain.fence.Rule;
import mortmain.fence.Verdict;
import mortmain.model.ClaimInfo;
import mortmain.model.Commit;
import mortmain.model.ErrorCode;
import mortmain.model.Event;
import mortmain.model.Key;
import mortmain.model.Limits;
import mortmain.model.MortmainException;
import mortmain.model.Outcome;
import mortmain.model.ReadOptions;
import mortmain.model.Reading;
import mortmain.model.Rejection;

/** The file engine in one of its lives, with a trace that hears everything, and with what a sabotage makes of it. Thread-safe. */
final class TracedEngine implements Engine {
  private final FileEngine inner;
  private final Trace trace;
  private final Sabotage sabotage;
  private final int life;
  private static final ThreadLocal<String> slot = ThreadLocal.withInitial(() -> Trace.NONE);

  TracedEngine(FileEngine inner, Trace trace, Sabotage sabotage, int life) {
    this.inner = inner;
    this.trace = trace;
    this.sabotage = sabotage;
    this.life = life;
    inner.listen(event -> trace.happened(life, event, inner.decisions().state()));
  }

  /** The next read of this thread is a base of a client. */
  void readsInto(String name) {
    slot.set(name);
  }

  @Override
  public <T> boolean decide(Rule<T> rule, boolean mayWait, Outcome<T> then) {
    Trace.Answer answer = new Trace.Answer();
    Outcome<T> told = new Told<>(answer, then);
    boolean early = sabotage == Sabotage.ANSWERED_BEFORE_THE_FORCE;
    List<Verdict<T>> last = new ArrayList<>();
    trace.decides(answer);
    try {
      boolean waits = inner.decide(
          view -> {
            Verdict<T> verdict = rule.judge(sabotage.seen(view));
            trace.judged(life, answer, verdict, mayWait);
            last.add(verdict);
            return verdict;
          },
          mayWait,
          early ? new Deaf<>() : told);
      if (early && !waits && last.isEmpty()) {
        then.reject(gone()); // it died before this was judged
      } else if (early && !waits) {
        tell(last.get(0), told);
      }
      return waits;
    } finally {
      trace.decides(null);
    }
  }

  private static <T> void tell(Verdict<T> verdict, Outcome<T> then) {
    if (verdict instanceof Verdict.Accepted<T> accepted) {
      then.answer(accepted.answer());
    } else {
      then.reject(((Verdict.Rejected<T>) verdict).rejection().exception());
    }
  }

  /** What a client hears of a gateway that died. */
  private static MortmainException gone() {
    return Rejection.of(ErrorCode.UNCONFIRMED, "the gateway is gone", Map.of()).exception();
  }

  /** Notes that the answer leaves before anybody hears it. */
  private final class Told<T> implements Outcome<T> {
    private final Trace.Answer answer;
    private final Outcome<T> then;

    Told(Trace.Answer answer, Outcome<T> then) {
      this.answer = answer;
      this.then = then;
    }

    @Override
    public void answer(T value) {
      if (trace.leaves(life, answer)) {
        then.answer(value);
      } else {
        then.reject(gone());
      }
    }

    @Override
    public void reject(MortmainException rejection) {
      then.reject(trace.leaves(life, answer) ? rejection : gone());
    }
  }

  private static final class Deaf<T> implements Outcome<T> {
    @Override
    public void answer(T value) {}

    @Override
    public void reject(MortmainException rejection) {}
  }

  @Override
  public Reading read(List<Key> keys, ReadOptions options) {
    boolean inFlight = sabotage == Sabotage.UNFORCED_READ;
    String into = slot.get();
    slot.remove();
    Reading reading = null;
    boolean told;
    trace.beginsToLook();
    try {
      reading = inner.read(keys, new ReadOptions(options.at(), options.last(), options.values(), inFlight));
    } finally {
      told = trace.shows(life, reading, into);
    }
    if (!told) {
      throw gone();
    }
    return reading;
  }

  @Override
  public void force() {
    inner.force();
  }

  @Override
  public Reading scan(String prefix, Key after, int limit, ReadOptions options) {
    return inner.scan(prefix, after, limit, options);
  }

  @Override
  public Optional<Rejection> refuse(Commit commit) {
    return inner.refuse(commit);
  }

  @Override
  public Mirroring mirroring() {
    return inner.mirroring();
  }

  @Override
  public List<ClaimInfo> claims(String prefix) {
    return inner.claims(prefix);
  }

  @Override
  public String storeId() {
    return inner.storeId();
  }

  @Override
  public Path directory() {
    return inner.directory();
  }

  @Override
  public Limits limits() {
    return inner.limits();
  }

  @Override
  public long now() {
    return inner.now();
  }

  @Override
  public long durableRevision() {
    long durable = inner.durableRevision();
    if (!trace.leaves(life, new Trace.Answer())) {
      throw gone();
    }
    return durable;
  }

  @Override
  public void listen(Consumer<Event> listener) {
    inner.listen(listener);
  }

  @Override
  public void onFailure(Consumer<Throwable> action) {
    inner.onFailure(action);
  }

  @Override
  public Map<String, Object> info() {
    return inner.info();
  }

  @Override
  public Map<String, Object> verify(Progress progress) {
    return inner.verify(progress);
  }

  @Override
  public void close() {
    inner.close();
  }
}
