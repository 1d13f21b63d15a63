package mortmain.engine;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import mortmain.model.Call;
import mortmain.model.Commit;
import mortmain.model.Guard;
import mortmain.model.Item;
import mortmain.model.Key;
import mortmain.model.Snapshot;
import mortmain.model.Ticket;
import mortmain.model.Value;
import mortmain.model.Write;

/** Makes one commit: every kind of guard and write, on bases that are sometimes fresh and sometimes long gone. */
final class RandomCommit {
  private final Knowledge known;
  private final RandomValue values;
  private final String storeId;
  private final long revision;
  private final long now;
  private final List<Guard> guards = new ArrayList<>();
  private final List<Write> writes = new ArrayList<>();

  RandomCommit(Knowledge known, String storeId, long revision, long now) {
    this.known = known;
    this.values = new RandomValue(known.random);
    this.storeId = storeId;
    this.revision = revision;
    this.now = now;
  }

  /** {@code fresh}: reads a key as it is now. */
  Commit make(java.util.function.Function<Key, Snapshot> fresh) {
    Set<Key> keys = new HashSet<>();
    for (int i = known.chance(70) ? 1 : 1 + known.random.nextInt(4); i > 0; i--) {
      Key key = known.key();
      if (keys.add(key)) {
        Snapshot base = known.chance(60) || known.snapshots.isEmpty() ? fresh.apply(key) : known.recent(known.snapshots);
        base = base.key().equals(key) ? base : fresh.apply(key);
        known.snapshots.add(base);
        writes(key, base);
      }
    }
    if (known.chance(8)) {
      guards.add(new Guard.UnchangedSince(known.prefix(), known.chance(50) ? revision : Math.max(0, revision - known.random.nextInt(30))));
    }
    if (known.chance(4)) {
      deletePrefix(fresh);
    }
    if (known.chance(5)) {
      Key other = known.key();
      base(known.chance(50) ? fresh.apply(other) : fresh.apply(known.key()), false);
    }
    return commit();
  }

  private void deletePrefix(java.util.function.Function<Key, Snapshot> fresh) {
    String prefix = known.prefix();
    List<Key> below = known.keys.stream().filter(key -> key.startsWith(prefix.getBytes(UTF_8))).toList();
    if (!below.isEmpty()) {
      writes.add(new Write.DeletePrefix(prefix));
      base(fresh.apply(known.one(below)), true);
    }
  }

  private void writes(Key key, Snapshot base) {
    int kind = known.random.nextInt(100);
    if (kind < 45) {
      whole(key, base, kind);
      if (known.chance(15)) {
        delta(key, base);
      }
    } else if (kind < 50) {
      writes.add(new Write.Ensure(key, values.value()));
    } else {
      for (int i = known.chance(80) ? 1 : 2; i > 0; i--) {
        delta(key, base);
      }
      through(key, base, 70);
    }
  }

  private void whole(Key key, Snapshot base, int kind) {
    writes.add(kind < 36 ? new Write.Put(key, values.value(), kind == 35) : new Write.Delete(key, kind == 36));
    Ticket ticket = known.ticket(key);
    if (ticket != null && known.chance(40)) {
      guards.add(new Guard.Follows(key, ticket));
    } else if (kind < 6) {
      guards.add(new Guard.Absent(key));
    } else {
      base(base, true);
    }
    through(key, base, 80);
  }

  private void through(Key key, Snapshot base, int percent) {
    Knowledge.Held held = known.held(key);
    if (held != null && known.chance(held.epoch() == base.epoch() ? percent : percent / 4)) {
      guards.add(new Guard.Holds(key, held.claimId()));
      if (known.chance(70)) {
        guards.add(new Guard.EpochIs(key, held.epoch()));
      }
    }
  }

  private void base(Snapshot base, boolean fenced) {
    guards.add(new Guard.VersionIs(base.key(), base.version(), base.tag()));
    if (fenced || known.chance(80)) {
      guards.add(new Guard.EpochIs(base.key(), base.epoch()));
    }
  }

  private void delta(Key key, Snapshot base) {
    switch (known.chance(75) ? fitting(base) : known.random.nextInt(5)) {
      case 0 -> writes.add(new Write.Append(key, List.of(values.item(false))));
      case 1 -> writes.add(new Write.Append(key, List.of(values.item(true), values.item(known.chance(50)), values.item(true))));
      case 2 -> writes.add(new Write.Increment(key, values.number()));
      case 3 -> writes.add(new Write.AddToSet(key, new Item(values.item(false).json(), null)));
      default -> merge(key, base);
    }
  }

  /** A kind of delta that the value takes. */
  private int fitting(Snapshot base) {
    int first = base.value() == null || base.value().bytes().length == 0 ? 0 : base.value().bytes()[0];
    if (first == '[') {
      return known.one(List.of(0, 1, 3));
    } else if (first == '{') {
      return 4;
    }
    return first == '-' || Character.isDigit(first) ? 2 : known.random.nextInt(5);
  }

  private void merge(Key key, Snapshot base) {
    writes.add(new Write.Merge(key, Value.json(values.object(false).getBytes(UTF_8))));
    if (base.value() != null && base.value().isJson() && base.value().bytes()[0] == '{' && known.chance(60)) {
      guards.add(new Guard.FieldsAre(key, base.version(), base.tag(), base.value()));
    }
  }

  private Commit commit() {
    long since = known.chance(60) ? Long.MAX_VALUE : known.chance(80) ? revision : known.random.nextInt((int) revision + 3);
    boolean plain = known.chance(80);
    Call call = new Call(known.freshId(), plain ? 0 : known.random.nextInt(2), since, now - (known.chance(1) ? 1 : 0));
    String store = known.chance(1) ? "other" : known.chance(50) ? storeId : null;
    long base = known.chance(1) ? revision + 1 + known.random.nextInt(2) : known.random.nextInt((int) revision + 1);
    List<Write> all = known.chance(1) ? List.of(new Write.Increment(known.key(), "one")) : List.copyOf(writes);
    Map<String, String> meta = known.chance(10) ? Map.of("run", "r" + known.random.nextInt(3)) : Map.of();
    return new Commit(call, "writer" + known.random.nextInt(3), meta, List.copyOf(guards), all, store, base, plain, 0);
  }
}
