package mortmain.file;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Set;
import mortmain.model.Claim;
import mortmain.model.Key;

/** The live claims and when they end; a renewed claim leaves an outdated deadline behind, which is dropped when it comes up. */
final class Expiries {
  private record Deadline(long at, KeyRecord record, String claimId) {}

  private final Set<KeyRecord> holders = new LinkedHashSet<>();
  private final PriorityQueue<Deadline> deadlines = new PriorityQueue<>(Comparator.comparingLong(Deadline::at));

  void hold(KeyRecord record, Claim claim) {
    holders.add(record);
    deadlines.add(new Deadline(claim.expiresAt(), record, claim.claimId()));
  }

  void end(KeyRecord record) {
    holders.remove(record);
  }

  Collection<KeyRecord> holders() {
    return holders;
  }

  /** The keys whose claims have run out; empty in the usual case, at the cost of one comparison. */
  List<Key> due(long claimNanos) {
    if (deadlines.isEmpty() || deadlines.peek().at() > claimNanos) {
      return List.of();
    }
    List<Key> due = new ArrayList<>();
    while (!deadlines.isEmpty() && deadlines.peek().at() <= claimNanos) {
      Deadline deadline = deadlines.poll();
      Claim claim = deadline.record().claim;
      boolean current = claim != null && claim.claimId().equals(deadline.claimId()) && claim.expiresAt() <= claimNanos;
      if (current && !due.contains(deadline.record().key)) {
        due.add(deadline.record().key);
      }
    }
    return due;
  }
}
