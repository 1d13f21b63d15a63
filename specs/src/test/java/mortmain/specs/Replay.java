package mortmain.specs;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import mortmain.Request;
import mortmain.disk.MemoryDisk;
import mortmain.engine.ManualClock;
import mortmain.fence.Fingerprint;
import mortmain.file.FileSubject;
import mortmain.model.ClaimRequest;
import mortmain.model.Failure;
import mortmain.model.Guard;
import mortmain.model.Key;
import mortmain.model.Limits;
import mortmain.model.MortmainException;
import mortmain.model.ReadOptions;
import mortmain.model.Snapshot;
import mortmain.model.Ticket;

/** Does with the real store what a behaviour of the specification does, and compares the answer and the state after every step. */
final class Replay implements AutoCloseable {
  /** A guard that looks away, for the negative controls. */
  enum Blind { NOTHING, VERSIONS, TAGS, EPOCHS, STORES }

  /** A step at which the code and the specification part. */
  static final class Differs extends Exception {
    private static final long serialVersionUID = 1;

    Differs(int step, String what) {
      super("step " + step + ": " + what);
    }
  }

  /** Revisions of the code that the specification does not count: the creation; the new name and the reclamation of everything. */
  private static final long CREATED = 1;
  private static final long RESTORED = 2;
  private static final Path BACKUP = Path.of("/backup");
  private static final long HOUR = 3_600_000;

  private final ManualClock clock = new ManualClock();
  private MemoryDisk disk = new MemoryDisk();
  private FileSubject subject = new FileSubject(disk, clock, Limits.DEFAULT);
  private MemoryDisk copied;
  /** By the specification's number of the store. */
  private final Map<Object, String> stores = new HashMap<>();
  private final Blind blind;
  private int step;
  private int refusals;
  private final Map<String, Integer> counts = new TreeMap<>();

  Replay(Blind blind) {
    this.blind = blind;
  }

  /** How many steps were refused, by both. */
  int refusals() {
    return refusals;
  }

  /** How many steps there were, by what they are. */
  Map<String, Integer> counts() {
    return counts;
  }

  void run(List<Map<String, Object>> states) throws Differs {
    compare(states.get(0));
    for (step = 1; step < states.size(); step++) {
      take(states.get(step));
      compare(states.get(step));
    }
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> map(Object value) {
    return value instanceof Map ? (Map<String, Object>) value : Map.of();
  }

  @SuppressWarnings("unchecked")
  private static Set<String> set(Object value) {
    return (Set<String>) value;
  }

  private void take(Map<String, Object> state) throws Differs {
    Map<String, Object> last = map(state.get("last"));
    String key = (String) last.get("key");
    switch ((String) last.get("op")) {
      case "commit" -> commit(last, (Long) state.get("made"));
      case "claim" -> claimed(last, refused(() -> subject.store().claim(claim(key, (String) last.get("claim")))));
      case "release" -> claimed(last, refused(() -> subject.store().release(Request.key(key), claimId(last.get("claim")), -1)));
      case "reclaim" -> subject.store().reclaim(Request.reclaim(key, null, null));
      case "reclaim prefix" -> subject.store().reclaim(Request.reclaim(null, (String) last.get("prefix"), null));
      case "forget" -> subject.forgetUpTo((Long) last.get("horizon") + CREATED + offset(map(state.get("db"))));
      case "backup" -> backup();
      case "restore" -> subject = subject.restored(BACKUP);
      case "roll back" -> rollBack();
      default -> { }
    }
    counts.merge((String) last.get("op"), 1, Integer::sum);
  }

  private void backup() {
    subject.store().backup(BACKUP, (bytes, of) -> { });
    copied = disk.kill();
  }

  private void rollBack() {
    subject.close();
    disk = copied;
    subject = new FileSubject(disk, clock, Limits.DEFAULT);
  }

  /** Of a state, or of what was read of one. */
  private static long offset(Map<String, Object> of) {
    return (Long) of.get("store") == 1 ? 0 : RESTORED;
  }

  /** The holder has the claim's name, which is shown. */
  private static ClaimRequest claim(String key, String name) {
    return new ClaimRequest(Request.key(key), claimId(name), name, HOUR, 0, null, Long.MAX_VALUE, Long.MAX_VALUE);
  }

  private static String claimId(Object name) {
    return String.format("%32s", name).replace(' ', '0');
  }

  /** The codes of what is refused; empty if it is accepted. */
  private static Set<String> refused(Runnable call) {
    Set<String> codes = new HashSet<>();
    try {
      call.run();
    } catch (MortmainException refusal) {
      for (Failure failure : refusal.rejection().failures()) {
        codes.add(failure.code().name());
      }
    }
    return codes;
  }

  /** Releasing again what was released is accepted, and is nothing. */
  private void claimed(Map<String, Object> last, Set<String> codes) throws Differs {
    boolean accepted = (Boolean) last.get("accepted");
    boolean again = !accepted && codes.isEmpty() && last.get("op").equals("release");
    require(again || accepted == codes.isEmpty(), last + " is answered with " + codes);
    refusals += accepted ? 0 : 1;
  }

  private void commit(Map<String, Object> last, long made) throws Differs {
    boolean accepted = (Boolean) last.get("accepted");
    Request request = request(map(last.get("e"))).id(accepted ? name(made) : "refused-" + step);
    Set<String> codes = refused(() -> subject.store().commit(request.commit()));
    require(accepted == codes.isEmpty(), last + " is answered with " + codes);
    refusals += accepted ? 0 : 1;
    if (!accepted && (Boolean) last.get("based") && !(Boolean) last.get("store")) {
      require(codes.equals(Set.of("STORE_CHANGED")), last + " is answered with " + codes);
    } else if (!accepted && (Boolean) last.get("based")) {
      boolean lost = (Boolean) last.get("lost");
      require(codes.contains("VERSION_CONFLICT") == (Boolean) last.get("conflict"), last + " is answered with " + codes);
      require(codes.contains("CLAIM_HELD") == (Boolean) last.get("held"), last + " is answered with " + codes);
      require(!lost || codes.contains("FENCED") || codes.contains("CLAIM_LOST"), last + " is answered with " + codes);
      require(lost || codes.contains("FENCED") == (Boolean) last.get("fenced"), last + " is answered with " + codes);
    }
  }

  /** The commit whose tag is that number in the specification. */
  private static String name(long made) {
    return "commit-" + made;
  }

  private static long tag(Object number) {
    return (Long) number == 0 ? 0 : Fingerprint.tag(name((Long) number));
  }

  private Request request(Map<String, Object> e) {
    Map<String, Object> base = map(e.get("base"));
    Request request = Request.by("writer").deadline(clock.nanos());
    if (blind != Blind.STORES) {
      request = request.store(stores.get(base.get("store")), revision(base));
    }
    for (String key : set(e.get("based"))) {
      request = request.guard(version(base, key), epoch(base, key));
    }
    for (String key : set(e.get("fenced"))) {
      request = request.guard(epoch(base, key));
    }
    for (String key : set(e.get("follows"))) {
      Guard.VersionIs version = version(base, key);
      request = request.follows(key, new Ticket((String) e.get("ticket"), version.version(), version.tag(), epoch(base, key).epoch()));
    }
    for (String key : set(e.get("creates"))) {
      request = request.guard(new Guard.Absent(Request.key(key)));
    }
    for (Map.Entry<String, Object> claim : map(e.get("claims")).entrySet()) {
      if (!claim.getValue().equals("none")) {
        request = request.guard(new Guard.Holds(Request.key(claim.getKey()), claimId(claim.getValue())));
      }
    }
    for (String prefix : set(e.get("scans"))) {
      request = request.guard(new Guard.UnchangedSince(prefix, revision(base)));
    }
    return writes(request, e);
  }

  private static long revision(Map<String, Object> of) {
    return (Long) of.get("rev") + CREATED + offset(of);
  }

  private static Request writes(Request guarded, Map<String, Object> e) {
    Request request = guarded;
    for (String key : set(e.get("put"))) {
      request = request.put(key, "[]");
    }
    for (String key : set(e.get("delete"))) {
      request = request.delete(key);
    }
    for (String key : set(e.get("delta"))) {
      request = request.append(key, "1");
    }
    return request;
  }

  private Guard.VersionIs version(Map<String, Object> base, String key) {
    Snapshot now = read(List.of(Request.key(key))).get(0);
    if (blind == Blind.VERSIONS || (blind == Blind.TAGS && now.version() == (Long) map(base.get("ver")).get(key))) {
      return new Guard.VersionIs(now.key(), now.version(), now.tag());
    }
    return new Guard.VersionIs(Request.key(key), (Long) map(base.get("ver")).get(key), tag(map(base.get("tag")).get(key)));
  }

  private Guard.EpochIs epoch(Map<String, Object> base, String key) {
    long epoch = blind == Blind.EPOCHS ? read(List.of(Request.key(key))).get(0).epoch() : (Long) map(base.get("epoch")).get(key);
    return new Guard.EpochIs(Request.key(key), epoch);
  }

  private List<Snapshot> read(List<Key> keys) {
    return subject.store().read(keys, ReadOptions.NEWEST).snapshots();
  }

  private void compare(Map<String, Object> state) throws Differs {
    Map<String, Object> db = map(state.get("db"));
    Map<String, Object> records = map(db.get("rec"));
    Map<String, String> expected = new TreeMap<>();
    for (String key : records.keySet()) {
      Map<String, Object> record = map(records.get(key));
      boolean known = (Boolean) record.get("known");
      long epoch = (Long) (known ? record.get("own") : db.get("floorEpoch"));
      for (Map.Entry<String, Object> count : map(db.get("count")).entrySet()) {
        epoch += key.startsWith(count.getKey()) ? (Long) count.getValue() : 0;
      }
      Object version = known ? record.get("ver") : db.get("floorVer");
      expected.put(key, version + " " + tag(record.get("tag")) + " " + epoch + " " + record.get("live") + " " + record.get("claim"));
    }
    Map<String, String> actual = new TreeMap<>();
    Map<Key, String> holders = new TreeMap<>();
    subject.store().claims("").forEach(claim -> holders.put(claim.key(), claim.holder()));
    for (Snapshot at : read(expected.keySet().stream().map(Key::of).toList())) {
      String holder = holders.getOrDefault(at.key(), "none");
      actual.put(at.key().toString(), at.version() + " " + at.tag() + " " + at.epoch() + " " + at.exists() + " " + holder);
    }
    require(expected.equals(actual), state.get("last") + " leads to " + expected + ", the code to " + actual);
    require(revision(db) == subject.store().durableRevision(), "revision " + subject.store().durableRevision());
    String store = stores.computeIfAbsent(db.get("store"), number -> subject.store().storeId());
    require(store.equals(subject.store().storeId()), "another store than before");
    require(new HashSet<>(stores.values()).size() == stores.size(), "two stores have one name");
  }

  private void require(boolean condition, String otherwise) throws Differs {
    if (!condition) {
      throw new Differs(step, otherwise);
    }
  }

  @Override
  public void close() {
    subject.close();
  }
}
