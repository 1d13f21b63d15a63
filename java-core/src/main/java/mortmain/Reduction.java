package mortmain;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.charset.Charset;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import mortmain.model.ErrorCode;
import mortmain.model.Failure;
import mortmain.model.Reduced;
import mortmain.model.Snapshot;
import mortmain.model.Value;
import mortmain.model.Write;

/**
 * One run of a function on one value. Bytes are given as text, which crosses into Python fastest: UTF-8 text as such, other bytes as one
 * character each. It is answered once, by {@link #done}, {@link #failed} or {@link #giveUp}; thread-safe.
 */
public final class Reduction {
  /** Of a traceback, so that ten thousand remembered rejections stay small. Characters. */
  private static final int SHOWN = 4_000;

  private final Reductions reductions;
  private final Reductions.Job job;
  private final Snapshot before;
  private final long number;
  private final long begun = System.nanoTime();
  private final AtomicBoolean noticed = new AtomicBoolean();
  private final AtomicReference<State> state = new AtomicReference<>(State.RUNNING);

  private enum State {
    RUNNING,
    /** By the thread that ran it. */
    ANSWERED,
    GIVEN_UP
  }

  Reduction(Reductions reductions, Reductions.Job job, Snapshot before, long number) {
    this.number = number;
    this.reductions = reductions;
    this.job = job;
    this.before = before;
  }

  /** Tells it from the others of this store. */
  public long number() {
    return number;
  }

  /**
   * All that whoever runs it needs, because each crossing into Python costs: {@link #number}, the function, the {@link #kind} of the current
   * value, the argument (JSON) and the value, with a NUL between two of them, which only the last one can have.
   */
  public String question() {
    Write.Reduce asked = job.asked();
    String argument = new String(asked.argument().bytes(), UTF_8);
    return number + "\0" + asked.function() + '\0' + kind() + '\0' + argument + '\0' + value();
  }

  /** {@code json}, {@code text}, {@code bytes}, or {@code none} where there is no value. */
  private String kind() {
    Value value = before.value();
    if (value == null) {
      return "none";
    } else if (value.isJson()) {
      return "json";
    }
    return value.contentType().equals(Value.TEXT) ? "text" : "bytes";
  }

  /** The current value as text; none is empty. */
  String value() {
    Value value = before.value();
    return value == null ? "" : new String(value.bytes(), charset(value));
  }

  private static Charset charset(Value value) {
    return value.isJson() || value.contentType().equals(Value.TEXT) ? UTF_8 : ISO_8859_1;
  }

  long begun() {
    return begun;
  }

  /** Nanoseconds since it was handed out. */
  long took() {
    return System.nanoTime() - begun;
  }

  /** True once: the first time that it is asked. */
  boolean isUnnoticed() {
    return noticed.compareAndSet(false, true);
  }

  /** What the function returned. False when it took too long and was given up. */
  public boolean done(String contentType, byte[] bytes) {
    if (!state.compareAndSet(State.RUNNING, State.ANSWERED)) {
      return false;
    }
    Value old = before.value();
    boolean typed = old != null && old.isJson() && contentType.equals(Value.JSON);
    Value value = new Value(typed ? old.contentType() : contentType, bytes);
    reductions.settle(job, this, new Reduced(before.version(), before.tag(), value.equals(old) ? null : value, null));
    return true;
  }

  /** Why the function returned nothing that can be kept: one sentence without its subject, and where. False as above. */
  public boolean failed(String reason, String traceback) {
    if (!state.compareAndSet(State.RUNNING, State.ANSWERED)) {
      return false;
    }
    reject(reason, traceback);
    return true;
  }

  /**
   * Answers for a function that takes too long, as {@link #failed} does. True when it was given up, now or before: the thread that runs it has no
   * answer to give any more. False when that thread has answered, and may be on its way to the next one.
   */
  public boolean giveUp(String reason, String traceback) {
    if (state.compareAndSet(State.RUNNING, State.GIVEN_UP)) {
      reject(reason, traceback);
    }
    return state.get() == State.GIVEN_UP;
  }

  private void reject(String reason, String traceback) {
    Write.Reduce asked = job.asked();
    Map<String, Object> details = new LinkedHashMap<>();
    details.put("function", asked.function());
    details.put("reason", reason);
    details.put("traceback", traceback.substring(Math.max(0, traceback.length() - SHOWN)));
    String sentence = asked.function() + " " + reason + ", so " + asked.key() + " stays as it is";
    Failure failure = new Failure(ErrorCode.REFUSED_VALUE, asked.key(), details, sentence);
    reductions.settle(job, this, new Reduced(before.version(), before.tag(), null, failure));
  }
}
