package mortmain.file;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import mortmain.fence.Fingerprint;
import mortmain.fence.KeyState;
import mortmain.fence.Verdict;
import mortmain.model.ErrorCode;
import mortmain.model.Event;
import mortmain.model.Failure;
import mortmain.model.Key;
import mortmain.model.Reading;
import mortmain.model.Receipt;
import mortmain.model.Rejection;
import mortmain.model.Resolution;
import mortmain.model.Snapshot;

/**
 * What happened, in order, as {@code TraceFencedCommit.tla} reads it. Decisions and reads get their place under the engine's lock, where they
 * are made; the rest when it happens: no clocks are merged. Thread-safe; its lock is taken inside the engine's, never around it.
 */
final class Trace {
  static final List<Key> KEYS = List.of(Key.of("a"), Key.of("b"), Key.of("p/a"), Key.of("p/b"), Key.of("p/q/a"));
  static final List<String> PREFIXES = List.of("", "p/", "p/q/");
  static final String NONE = "none";
  private static final String VOID = "void";

  /** One answer on its way; {@code id} 0: nothing that the trace tells of. */
  static final class Answer {
    private int id;
  }

  private final List<Map<String, Object>> lines = new ArrayList<>();
  private final Map<Long, Integer> tags = new HashMap<>();
  private final Set<Key> recorded = new HashSet<>();
  private static final ThreadLocal<Asked> asked = ThreadLocal.withInitial(Asked.Other::new);
  private static final ThreadLocal<Answer> deciding = new ThreadLocal<>();
  private static final ThreadLocal<Map<String, Object>> looking = new ThreadLocal<>();
  private int life;
  private int made;
  private int answers;
  private int taken;
  private long revision;
  private long forced;
  private long reached;

  // ---- what a thread is about to do

  void asks(Asked what) {
    asked.set(what);
  }

  void decides(Answer answer) {
    deciding.set(answer);
  }

  void beginsToLook() {
    looking.set(new HashMap<>());
  }

  // ---- under the engine's lock

  /** A read of this thread has its place here, unless something more comes before it. */
  void looksNow() {
    Map<String, Object> look = looking.get();
    if (look != null) {
      synchronized (this) {
        if (look.get("line") instanceof Line before) {
          before.fields.put("op", VOID);
          taken++;
        }
        look.put("line", new Line(line("look")));
      }
    }
  }

  private record Line(Map<String, Object> fields) {}

  /** The verdict on what this thread asked; accepted ones are told by their events. */
  synchronized void judged(int inLife, Answer answer, Verdict<?> verdict, boolean mayWait) {
    Asked what = asked.get();
    if (inLife != life || what instanceof Asked.Other) {
      return;
    }
    Map<String, Object> line = null;
    if (verdict instanceof Verdict.Accepted<?> accepted) {
      line = accepted.events().isEmpty() ? again(what, accepted.answer()) : null;
    } else if (verdict instanceof Verdict.Rejected<?> rejected && !(mayWait && rejected.canWait())) {
      line = rejected(what, rejected.rejection());
    }
    if (line != null) {
      numbered(line, answer);
    }
  }

  private void numbered(Map<String, Object> line, Answer answer) {
    answer.id = ++answers;
    line.put("id", answer.id);
  }

  private Map<String, Object> again(Asked what, Object answer) {
    if (what instanceof Asked.ToClaim claim) {
      return line("held", "key", claim.key().toString(), "claim", claim.claimId());
    } else if (what instanceof Asked.ToRelease release) {
      return line("no release", "key", release.key().toString(), "claim", release.claimId());
    } else if (what instanceof Asked.ToCommit commit) {
      return line("replayed", "request", commit.commit().call().requestId(), "says", ((Receipt) answer).revision());
    }
    String requestId = ((Asked.ToResolve) what).requestId();
    Receipt receipt = ((Resolution) answer).receipt();
    return receipt == null ? line("known", "request", requestId) : line("replayed", "request", requestId, "says", receipt.revision());
  }

  private Map<String, Object> rejected(Asked what, Rejection rejection) {
    Set<String> codes = new TreeSet<>();
    for (Failure failure : rejection.failures()) {
      codes.add(failure.code().name());
    }
    ErrorCode code = rejection.code();
    if (code == ErrorCode.UNAVAILABLE || code == ErrorCode.REQUEST_ID_EXPIRED) {
      return null; // it was not judged
    } else if (what instanceof Asked.ToClaim claim) {
      return line("no claim", "key", claim.key().toString(), "claim", claim.claimId(), "codes", codes);
    } else if (what instanceof Asked.ToRelease release) {
      return line("no release", "key", release.key().toString(), "claim", release.claimId());
    }
    Asked.ToCommit commit = (Asked.ToCommit) what;
    if (code == ErrorCode.REQUEST_ID_REUSED) {
      return line("known", "request", commit.commit().call().requestId());
    }
    Map<String, Object> line = line("rejected", "codes", codes);
    line.putAll(commit.arguments());
    return line;
  }

  /** An event was journaled and is part of the state. {@code state} null: of what it did, only the journal tells. */
  synchronized void happened(int inLife, Event event, FileState state) {
    if (inLife != life || event.revision() == 0) {
      return;
    }
    revision = event.revision();
    Map<String, Object> line = line(event, state);
    if (state != null) {
      line.put("post", post(state));
    }
    if (deciding.get() != null && isAnswer(event)) {
      numbered(line, deciding.get());
    }
    noteForced();
    looksNow();
  }

  private static boolean isAnswer(Event event) {
    return !(event instanceof Event.Reclaimed reclaimed && reclaimed.requestId() == null) && !(event instanceof Event.Forgotten);
  }

  private Map<String, Object> line(Event event, FileState state) {
    if (event instanceof Event.Committed committed) {
      tags.put(Fingerprint.tag(committed.requestId()), ++made);
      Map<String, Object> line = line("commit");
      line.putAll(((Asked.ToCommit) asked.get()).arguments());
      return line;
    } else if (event instanceof Event.ClaimGranted granted) {
      return line("claim", "key", granted.key().toString(), "claim", granted.claimId());
    } else if (event instanceof Event.ClaimReleased released) {
      return line("release", "key", released.key().toString(), "claim", released.claimId());
    } else if (event instanceof Event.Reclaimed reclaimed) {
      return reclaimed.prefix() != null
          ? line("reclaim", "prefix", reclaimed.prefix())
          : line("reclaim", "keys", Asked.names(reclaimed.keys().stream().map(Event.Taken::key).toList()));
    } else if (event instanceof Event.RequestRefused refused) {
      return line("refuses", "request", refused.requestId());
    } else if (event instanceof Event.Forgotten forgotten) {
      List<Key> gone = KEYS.stream().filter(key -> recorded.contains(key) && state.index().find(key) == null).toList();
      return line("forget", "keys", Asked.names(gone), "upto", forgotten.upTo());
    }
    return line("aside");
  }

  private Map<String, Object> post(FileState state) {
    Map<String, Object> keys = new LinkedHashMap<>();
    recorded.clear();
    for (Key key : KEYS) {
      KeyState at = state.index().state(key);
      if (state.index().find(key) != null) {
        recorded.add(key);
      }
      Map<String, Object> shown = shown(at.version(), at.tag(), at.epoch(), at.exists());
      shown.put("claim", at.claim() == null ? NONE : at.claim().claimId());
      shown.put("ticket", at.ticketId() == null ? NONE : at.ticketId());
      keys.put(key.toString(), shown);
    }
    Map<String, Object> newest = new LinkedHashMap<>();
    Map<String, Object> count = new LinkedHashMap<>();
    for (String prefix : PREFIXES) {
      newest.put(prefix, state.index().newestWrite(prefix));
      count.put(prefix, state.index().prefixCount(prefix));
    }
    return Map.of("keys", keys, "newest", newest, "count", count);
  }

  private Map<String, Object> shown(long version, long tag, long epoch, boolean exists) {
    Map<String, Object> shown = new LinkedHashMap<>();
    shown.put("ver", version);
    shown.put("tag", tag == 0 ? 0 : tags.get(tag));
    shown.put("epoch", epoch);
    shown.put("live", exists);
    return shown;
  }

  /** The machine stops here and comes back as what {@code survived}. Nothing of the life before is told any more. */
  synchronized void crashed(long survived) {
    life = 0;
    revision = survived;
    forced = survived;
    reached = survived;
    line("crash");
  }

  // ---- anywhere

  /** The force of a frame with these revisions has returned. */
  synchronized void forced(int inLife, long upTo) {
    if (inLife == life) {
      reached = Math.max(reached, upTo);
      noteForced();
    }
  }

  /** A force may return before the event that it covers has its line. */
  private void noteForced() {
    long upTo = Math.min(reached, revision);
    if (upTo > forced) {
      forced = upTo;
      line("forced", "upto", upTo);
    }
  }

  /** An answer leaves the engine; false when nobody is there any more to hear it. */
  synchronized boolean leaves(int inLife, Answer answer) {
    if (inLife != life) {
      return false;
    }
    if (answer.id > 0) {
      line("answer", "id", answer.id);
    }
    return true;
  }

  /** What this thread looked at leaves the engine; as a base of a client if {@code slot} is not "none". */
  boolean shows(int inLife, Reading reading, String slot) {
    Map<String, Object> look = looking.get();
    looking.remove();
    synchronized (this) {
      Map<String, Object> line = ((Line) look.get("line")).fields;
      if (inLife != life || reading == null) {
        line.put("op", VOID);
        taken++;
        return false;
      }
      Map<String, Object> shown = new LinkedHashMap<>();
      for (Snapshot snapshot : reading.snapshots()) {
        shown.put(snapshot.key().toString(), shown(snapshot.version(), snapshot.tag(), snapshot.epoch(), snapshot.exists()));
      }
      line.putAll(Map.of("shown", shown, "at", reading.revision(), "slot", slot));
      Answer answer = new Answer();
      numbered(line, answer);
      return leaves(inLife, answer);
    }
  }

  synchronized void takesTicket(String ticket, long on) {
    line("ticket", "ticket", ticket, "on", on);
  }

  /** A life of the store begins: what recovery found, and what it added. */
  synchronized int serves(int newLife, List<Event> added, FileState state) {
    life = newLife;
    for (Event event : added) {
      happened(newLife, event, null);
    }
    reached = revision;
    noteForced();
    line("serves", "post", post(state));
    return newLife;
  }

  /** Lines so far, but those that were taken back. */
  synchronized int length() {
    return lines.size() - taken;
  }

  /** The lines; requests that come up again are marked where they were settled. */
  synchronized List<Map<String, Object>> lines() {
    Map<Object, Integer> uses = new HashMap<>();
    List<Map<String, Object>> all = lines.stream().filter(line -> !line.get("op").equals(VOID) && isWhole(line)).toList();
    all.forEach(line -> uses.merge(line.getOrDefault("request", ""), line.get("op").equals("rejected") ? 0 : 1, Integer::sum));
    for (Map<String, Object> line : all) {
      if (line.get("op").equals("commit")) {
        line.put("again", uses.get(line.get("request")) > 1);
      }
    }
    return all;
  }

  /** A look that never left is none. */
  private static boolean isWhole(Map<String, Object> line) {
    return !line.get("op").equals("look") || line.containsKey("shown");
  }

  private Map<String, Object> line(String op, Object... fields) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("op", op);
    line.put("rev", revision);
    for (int i = 0; i < fields.length; i += 2) {
      line.put((String) fields[i], fields[i + 1]);
    }
    lines.add(line);
    return line;
  }
}
