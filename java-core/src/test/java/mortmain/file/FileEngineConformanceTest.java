package mortmain.file;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import mortmain.Rounds;
import mortmain.disk.MemoryDisk;
import mortmain.engine.ManualClock;
import mortmain.engine.Workload;
import mortmain.model.Limits;
import org.junit.jupiter.api.Test;

/** The file engine answers every question as the in-memory engine does. */
class FileEngineConformanceTest {
  private static final int SEEDS = Rounds.of(200, 50);
  private static final int WANTED = Rounds.of(20, 5);
  private static final int STEPS = 300;

  /** Ids are forgotten soon, so that tombstones are; every fourth life has values that are nearly too large. */
  private static Limits limits(long seed) {
    return new Limits(seed % 4 == 0 ? 40 : 100_000, 1024, 1000, 1 << 20, 32, 4096, Long.MAX_VALUE / 2_000_000, seed % 3 == 0 ? 100_000 : 16);
  }

  static void life(long seed, int steps, Map<String, Integer> seen) {
    ManualClock clock = new ManualClock();
    FileSubject subject = new FileSubject(new MemoryDisk(), clock, limits(seed));
    if (seed % 5 > 1) { // begins with what the one before wrote down
      subject.aided();
    }
    new Workload(seed, subject, clock, seen).run(steps);
    subject.close();
  }

  @Test
  void answersAreThoseOfTheOracle() {
    Map<String, Integer> seen = new TreeMap<>();
    for (long seed = 1; seed <= SEEDS; seed++) {
      life(seed, STEPS, seen);
    }
    for (String kind : COMMON) {
      assertTrue(seen.getOrDefault(kind, 0) >= WANTED, () -> kind + " came " + seen.get(kind) + " times in " + seen);
    }
  }

  private static final List<String> COMMON =
      List.of(
          "commit accepted", "commit INVALID", "commit STORE_CHANGED", "commit FENCED", "commit CLAIM_LOST", "commit CLAIM_HELD",
          "commit VERSION_CONFLICT", "commit WRONG_TYPE", "commit TOO_LARGE", "commit REQUEST_ID_EXPIRED", "commit UNAVAILABLE",
          "commit again accepted", "commit again REQUEST_ID_REUSED", "commit again VERSION_CONFLICT", "commit again REQUEST_ID_EXPIRED",
          "claim accepted", "claim CLAIM_HELD", "claim FENCED", "claim CLAIM_LOST", "claim UNAVAILABLE", "renew accepted", "renew FENCED",
          "renew CLAIM_LOST", "release accepted", "release FENCED", "release CLAIM_LOST", "reclaim accepted", "reclaim REQUEST_ID_REUSED",
          "reclaim REQUEST_ID_EXPIRED", "check accepted", "check FENCED", "check VERSION_CONFLICT", "resolve accepted",
          "read at a revision accepted", "read COMPACTED", "scan accepted", "scan at a revision accepted", "scan COMPACTED", "claims accepted",
          "read at a revision WRONG_TYPE", "read a version accepted", "read a version INVALID", "read a version WRONG_TYPE", "history accepted", "watch accepted",
          "watch STORE_CHANGED");

  /** Prints what came how often; for whoever changes the weights. */
  public static void main(String[] arguments) {
    Map<String, Integer> seen = new TreeMap<>();
    long from = Long.parseLong(arguments[0]);
    long start = System.nanoTime();
    for (long seed = from; seed < from + Long.parseLong(arguments[1]); seed++) {
      life(seed, STEPS, seen);
    }
    System.out.println(seen + " in " + (System.nanoTime() - start) / 1_000_000 + " ms");
  }
}
