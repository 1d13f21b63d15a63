package mortmain;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import mortmain.model.Call;
import mortmain.model.ClaimRequest;
import mortmain.model.Commit;
import mortmain.model.Guard;
import mortmain.model.Item;
import mortmain.model.Key;
import mortmain.model.Receipt;
import mortmain.model.ReclaimRequest;
import mortmain.model.Snapshot;
import mortmain.model.Ticket;
import mortmain.model.Value;
import mortmain.model.Write;

/** Builds requests for tests in the words of the Python API. Immutable: every method returns a changed copy. */
public final class Request {
  private final Commit commit;

  private Request(Commit commit) {
    this.commit = commit;
  }

  public static Request by(String writer) {
    return new Request(
        new Commit(Call.of(UUID.randomUUID().toString()), writer, Map.of(), List.of(), List.of(), null, 0, true, 0));
  }

  public static Key key(String text) {
    return Key.of(text);
  }

  public static Value json(String text) {
    return Value.json(text.getBytes(UTF_8));
  }

  public static Item item(String text, String id) {
    return new Item(text.getBytes(UTF_8), id);
  }

  public static String text(Snapshot snapshot) {
    return new String(snapshot.value().bytes(), UTF_8);
  }

  public static Ticket ticket(String id, Snapshot base) {
    return new Ticket(id, base.version(), base.tag(), base.epoch());
  }

  public static ClaimRequest claim(String key, String claimId, long ttlMillis, long waitMillis) {
    return new ClaimRequest(Key.of(key), claimId, "holder-" + claimId.charAt(0), ttlMillis, waitMillis * 1_000_000, null, Long.MAX_VALUE, Long.MAX_VALUE);
  }

  public static String claimId(char digit) {
    return String.valueOf(digit).repeat(32);
  }

  public static ReclaimRequest reclaim(String key, String prefix, String holder) {
    return new ReclaimRequest(
        Call.of(UUID.randomUUID().toString()), key == null ? null : Key.of(key), prefix, holder, "operator", "test");
  }

  public Request id(String requestId) {
    Call call = commit.call();
    return with(new Call(requestId, call.attempt(), call.since(), call.deadline()), commit.guards(), commit.writes());
  }

  public Request attempt(int attempt) {
    Call call = commit.call();
    Commit c = commit;
    return new Request(
        new Commit(new Call(call.requestId(), attempt, call.since(), call.deadline()), c.writer(), c.meta(), c.guards(), c.writes(), c.storeId(), c.baseRevision(), false, c.turn()));
  }

  public Request since(long revision) {
    Call call = commit.call();
    return with(new Call(call.requestId(), call.attempt(), revision, call.deadline()), commit.guards(), commit.writes());
  }

  public Request deadline(long nanos) {
    Call call = commit.call();
    return with(new Call(call.requestId(), call.attempt(), call.since(), nanos), commit.guards(), commit.writes());
  }

  public Request store(String storeId, long baseRevision) {
    Commit c = commit;
    return new Request(new Commit(c.call(), c.writer(), c.meta(), c.guards(), c.writes(), storeId, baseRevision, c.plain(), c.turn()));
  }

  public Request on(Snapshot base) {
    return guard(new Guard.VersionIs(base.key(), base.version(), base.tag()), new Guard.EpochIs(base.key(), base.epoch()));
  }

  public Request on(Receipt.KeyReceipt base) {
    return guard(new Guard.VersionIs(base.key(), base.version(), base.tag()), new Guard.EpochIs(base.key(), base.epoch()));
  }

  public Request through(String key, String claimId, long epoch) {
    return guard(new Guard.EpochIs(Key.of(key), epoch), new Guard.Holds(Key.of(key), claimId));
  }

  public Request follows(String key, Ticket ticket) {
    return guard(new Guard.Follows(Key.of(key), ticket));
  }

  public Request guard(Guard... guards) {
    List<Guard> all = new ArrayList<>(commit.guards());
    all.addAll(Arrays.asList(guards));
    return with(commit.call(), all, commit.writes());
  }

  public Request put(String key, String json) {
    return write(new Write.Put(Key.of(key), json(json), false));
  }

  public Request create(String key, String json) {
    return guard(new Guard.Absent(Key.of(key))).put(key, json);
  }

  public Request delete(String key) {
    return write(new Write.Delete(Key.of(key), false));
  }

  public Request ensure(String key, String json) {
    return write(new Write.Ensure(Key.of(key), json(json)));
  }

  public Request append(String key, String... items) {
    return write(new Write.Append(Key.of(key), Arrays.stream(items).map(text -> item(text, null)).toList()));
  }

  public Request appendUnique(String key, String id, String json) {
    return write(new Write.Append(Key.of(key), List.of(item(json, id))));
  }

  public Request increment(String key, String by) {
    return write(new Write.Increment(Key.of(key), by));
  }

  public Request add(String key, String member) {
    return write(new Write.AddToSet(Key.of(key), item(member, null)));
  }

  public Request merge(String key, String patch) {
    return write(new Write.Merge(Key.of(key), json(patch)));
  }

  public Request write(Write write) {
    List<Write> all = new ArrayList<>(commit.writes());
    all.add(write);
    return with(commit.call(), commit.guards(), all);
  }

  private Request with(Call call, List<Guard> guards, List<Write> writes) {
    Commit c = commit;
    return new Request(new Commit(call, c.writer(), c.meta(), List.copyOf(guards), List.copyOf(writes), c.storeId(), c.baseRevision(), c.plain(), c.turn()));
  }

  public Commit commit() {
    return commit;
  }
}
