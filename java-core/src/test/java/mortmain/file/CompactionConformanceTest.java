package mortmain.file;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import mortmain.Rounds;
import mortmain.disk.MemoryDisk;
import mortmain.engine.ManualClock;
import mortmain.engine.Workload;
import mortmain.journal.JournalOptions;
import mortmain.model.Limits;
import org.junit.jupiter.api.Test;

/**
 * A store that is compacted all the time, and restarted in between, answers every question as the in-memory engine does, which drops nothing:
 * versions, epochs, claims, receipts, forgotten tombstones, lists and the ids in them.
 */
class CompactionConformanceTest {
  private static final int SEEDS = Rounds.of(100, 30);
  private static final int WANTED = Rounds.of(5, 1);
  private static final int STEPS = 300;

  private static Limits limits(long seed) {
    return new Limits(100_000, 1024, 1000, 1 << 20, 32, 4096, Long.MAX_VALUE / 2_000_000, seed % 3 == 0 ? 100_000 : 16);
  }

  static void life(long seed, int steps, Map<String, Integer> seen) {
    ManualClock clock = new ManualClock();
    JournalOptions options = JournalOptions.defaults().segments(2048, 4096).background(Runnable::run);
    FileSubject subject = new FileSubject(new MemoryDisk(), clock, limits(seed), options).keeping(seed % 4 == 0 ? 3 : 1, seed % 2 == 0 ? 0 : 100);
    if (seed % 5 > 1) {
      subject.aided();
    }
    if (seed % 3 == 0) {
      subject.dying(seed);
    }
    if (seed % 8 != 0) { // what hides something and what it hides are compacted at different times
      subject.compactingSome(seed);
    }
    new Workload(seed, subject, clock, seen, true).run(steps);
    subject.close();
  }

  @Test
  void answersAreThoseOfAnEngineThatDropsNothing() {
    Map<String, Integer> seen = new TreeMap<>();
    for (long seed = 1; seed <= SEEDS; seed++) {
      life(seed, STEPS, seen);
    }
    for (String kind : List.of("compacted", "commit again accepted", "commit again REQUEST_ID_EXPIRED", "claim accepted", "reclaim accepted",
        "read at a revision accepted", "read COMPACTED", "read a version accepted", "read a version COMPACTED", "history accepted",
        "history shorter", "watch accepted", "watch COMPACTED", "scan accepted")) {
      assertTrue(seen.getOrDefault(kind, 0) >= WANTED, () -> kind + " came " + seen.get(kind) + " times in " + seen);
    }
  }

  /** Prints what came how often; for whoever changes the weights. */
  public static void main(String[] arguments) {
    Map<String, Integer> seen = new TreeMap<>();
    long from = Long.parseLong(arguments[0]);
    for (long seed = from; seed < from + Long.parseLong(arguments[1]); seed++) {
      life(seed, STEPS, seen);
    }
    System.out.println(seen);
  }
}
