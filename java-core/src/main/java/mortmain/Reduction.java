package mortmain;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.StringTokenizer;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import mortmain.fence.Fingerprint;
import mortmain.model.ErrorCode;
import mortmain.model.Failure;
import mortmain.model.Reduced;
import mortmain.model.Snapshot;
import mortmain.model.Value;
import mortmain.model.Write;

/**
 * One run of one or several functions on the value of a key, each on what the one before it made: the links of a chain. Bytes are given as text,
 * which crosses into Python fastest: UTF-8 text as such, other bytes as one character each. It is answered once, by {@link #done} or {@link
 * Late#giveUp}; thread-safe.
 */
public final class Reduction {
  /** Of a traceback, so that ten thousand remembered rejections stay small. Characters. */
  private static final int SHOWN = 4_000;

  private final Reductions reductions;
  private final Chains.Chain chain;
  private final List<ReduceJob> jobs;
  private final Snapshot before;
  private final long number;
  private final ByteBuffer progress;
  private final long begun = System.nanoTime();
  private final AtomicBoolean noticed = new AtomicBoolean();
  private final AtomicReference<State> state = new AtomicReference<>(State.RUNNING);
  /** The link that was running when somebody last looked, and since when, as far as is known. */
  private int seen;
  private long since = begun;

  private enum State {
    RUNNING,
    /** By the thread that ran it. */
    ANSWERED,
    GIVEN_UP
  }

  /** {@code progress}: where the thread that runs it says which link it is at. */
  Reduction(Reductions reductions, Chains.Chain chain, List<ReduceJob> jobs, Snapshot before, long number, ByteBuffer progress) {
    this.reductions = reductions;
    this.chain = chain;
    this.jobs = jobs;
    this.before = before;
    this.number = number;
    this.progress = progress;
    progress.putInt(0, 0);
  }

  Chains.Chain chain() {
    return chain;
  }

  List<ReduceJob> jobs() {
    return jobs;
  }

  /** Tells it from the others of this store. */
  public long number() {
    return number;
  }

  /**
   * All that whoever runs it needs, because each crossing into Python costs: {@link #number}, how many links, the {@link #kind} of the current
   * value, the function and the argument (JSON) of each link, and the value, with a NUL between two of them, which only the last one can have.
   */
  public String question() {
    StringBuilder question = new StringBuilder(256);
    question.append(number).append('\0').append(jobs.size()).append('\0').append(kind()).append('\0');
    for (ReduceJob job : jobs) {
      Write.Reduce asked = job.asked();
      question.append(asked.function()).append('\0').append(new String(asked.argument().bytes(), UTF_8)).append('\0');
    }
    return question.append(value()).toString();
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

  /** For how many nanoseconds it was seen to run the link that it runs now. For one looker at a time. */
  long runs(long now) {
    int at = Math.min(progress.getInt(0), jobs.size() - 1);
    if (at != seen) {
      seen = at;
      since = now;
    }
    return now - since;
  }

  /** The link that ran at the last look. */
  int seen() {
    return seen;
  }

  /** Nanoseconds since it was handed out. */
  long took() {
    return System.nanoTime() - begun;
  }

  /** True once: the first time that it is asked. */
  boolean isUnnoticed() {
    return noticed.compareAndSet(false, true);
  }

  /**
   * What the functions made, link after link; those of which it says nothing run again. False when it was given up.
   *
   * @param shape for each link its content type and the length of its value, or {@code failed} and two lengths, of the reason (one sentence
   *     without its subject) and of the traceback; words with blanks between them
   * @param bytes all of that, one after the other; texts are UTF-8
   */
  public boolean done(String shape, byte[] bytes) {
    if (!state.compareAndSet(State.RUNNING, State.ANSWERED)) {
      return false;
    }
    reductions.settle(this, made(shape, bytes), -1);
    return true;
  }

  /** As {@link Late#giveUp}. */
  boolean giveUp(int link, String reason, String traceback, String shape, byte[] bytes) {
    if (state.compareAndSet(State.RUNNING, State.GIVEN_UP)) {
      Reduced[] made = made(shape, bytes);
      made[link] = new Reduced(before.version(), before.tag(), null, failure(jobs.get(link), reason, traceback));
      reductions.settle(this, made, link);
    }
    return state.get() == State.GIVEN_UP;
  }

  /** What each link made of what the one before it leaves the key at, if that is committed; null where nothing is said. */
  private Reduced[] made(String shape, byte[] bytes) {
    Reduced[] made = new Reduced[jobs.size()];
    Value value = before.value();
    long version = before.version();
    long tag = before.tag();
    int from = 0;
    StringTokenizer words = new StringTokenizer(shape, " ");
    for (int i = 0; words.hasMoreTokens(); i++) {
      String kind = words.nextToken();
      int to = from + Integer.parseInt(words.nextToken());
      if (kind.equals("failed")) {
        int end = to + Integer.parseInt(words.nextToken());
        String traceback = new String(bytes, to, end - to, UTF_8);
        made[i] = new Reduced(version, tag, null, failure(jobs.get(i), new String(bytes, from, to - from, UTF_8), traceback));
        to = end;
      } else {
        Value now = new Value(typed(kind, value), Arrays.copyOfRange(bytes, from, to));
        boolean isNew = !now.equals(value);
        made[i] = new Reduced(version, tag, isNew ? now : null, null);
        if (isNew) {
          value = now;
          version++;
          tag = Fingerprint.tag(jobs.get(i).requestId());
        }
      }
      from = to;
    }
    return made;
  }

  /** A value keeps what was said about its JSON. */
  private static String typed(String contentType, Value old) {
    return old != null && old.isJson() && contentType.equals(Value.JSON) ? old.contentType() : contentType;
  }

  private static Failure failure(ReduceJob job, String reason, String traceback) {
    Write.Reduce asked = job.asked();
    Map<String, Object> details = new LinkedHashMap<>();
    details.put("function", asked.function());
    details.put("reason", reason);
    details.put("traceback", traceback.substring(Math.max(0, traceback.length() - SHOWN)));
    String sentence = asked.function() + " " + reason + ", so " + asked.key() + " stays as it is";
    return new Failure(ErrorCode.REFUSED_VALUE, asked.key(), details, sentence);
  }
}
