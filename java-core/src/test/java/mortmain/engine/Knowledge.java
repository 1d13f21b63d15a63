package mortmain.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import mortmain.model.Commit;
import mortmain.model.Key;
import mortmain.model.Snapshot;
import mortmain.model.Ticket;

/** What the clients of a workload have seen so far, new and old: zombies and late writers are made of it. */
final class Knowledge {
  record Held(Key key, String claimId, long epoch) {}

  record Going(Key key, Ticket ticket) {}

  private static final List<String> PATHS =
      List.of("a", "b", "p/a", "p/b", "p/q/a", "p/q/b", "p/r/s/t", "p0", "l/1", "l/2", "n/1", "o/1");
  static final List<String> PREFIXES = List.of("", "p/", "p/q/", "p/r/", "l/", "nowhere/", "p/r/s/");

  final Random random;
  final List<Key> keys = PATHS.stream().map(Key::of).toList();
  final List<Snapshot> snapshots = new ArrayList<>();
  final List<Held> claims = new ArrayList<>();
  final List<Going> tickets = new ArrayList<>();
  final List<Commit> requests = new ArrayList<>();
  private int ids;

  Knowledge(Random random) {
    this.random = random;
  }

  boolean chance(int percent) {
    return random.nextInt(100) < percent;
  }

  <T> T one(List<T> of) {
    return of.get(random.nextInt(of.size()));
  }

  /** One of the last few mostly, any one sometimes. */
  <T> T recent(List<T> of) {
    int last = chance(70) ? Math.min(of.size(), 6) : of.size();
    return of.get(of.size() - 1 - random.nextInt(last));
  }

  Key key() {
    return one(keys);
  }

  String prefix() {
    return one(PREFIXES);
  }

  String freshId() {
    return "request-" + ids++;
  }

  String freshClaimId() {
    return String.format("%016x%016x", random.nextLong(), random.nextLong());
  }

  /** A claim that somebody had on the key, or null. */
  Held held(Key key) {
    for (int i = claims.size() - 1; i >= 0; i--) {
      if (claims.get(i).key().equals(key) && chance(80)) {
        return claims.get(i);
      }
    }
    return null;
  }

  Ticket ticket(Key key) {
    for (int i = tickets.size() - 1; i >= 0; i--) {
      if (tickets.get(i).key().equals(key) && chance(80)) {
        return tickets.get(i).ticket();
      }
    }
    return null;
  }
}
