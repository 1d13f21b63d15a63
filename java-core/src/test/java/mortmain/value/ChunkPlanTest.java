package mortmain.value;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class ChunkPlanTest {
  /** The pieces of one list, merged as the plan says; a piece holds how often each of its records was rewritten. */
  private static final class GrowingList {
    final List<Integer> levels = new ArrayList<>();
    final List<int[]> rewrites = new ArrayList<>();

    void append() {
      levels.add(0);
      rewrites.add(new int[1]);
    }

    boolean merge() {
      int[] now = levels.stream().mapToInt(Integer::intValue).toArray();
      int run = ChunkPlan.trailingRunToMerge(now, now.length);
      if (run == 0) {
        return false;
      }
      int from = now.length - run;
      int[] merged = rewrites.subList(from, now.length).stream().flatMapToInt(Arrays::stream).map(n -> n + 1).toArray();
      rewrites.subList(from, now.length).clear();
      levels.subList(from, now.length).clear();
      levels.add(ChunkPlan.mergedLevel(now, now.length, run));
      rewrites.add(merged);
      return true;
    }

    int mostRewritten() {
      return rewrites.stream().flatMapToInt(Arrays::stream).max().orElse(0);
    }

    long most(int level) {
      return levels.stream().filter(l -> l == level).count();
    }
  }

  @Test
  void nothingIsMergedBeforeAChunkIsFull() {
    assertEquals(0, ChunkPlan.trailingRunToMerge(new int[0], 0));
    assertEquals(0, ChunkPlan.trailingRunToMerge(new int[63], 63));
    assertEquals(64, ChunkPlan.trailingRunToMerge(new int[64], 64));
    assertEquals(0, ChunkPlan.trailingRunToMerge(new int[100], 63), "only size levels count");
    int[] other = new int[65];
    other[0] = 1;
    assertEquals(64, ChunkPlan.trailingRunToMerge(other, 65));
    assertEquals(0, ChunkPlan.trailingRunToMerge(other, 64));
  }

  @Test
  void aMergeThatCompletesTheNextLevelTakesItAlong() {
    int[] levels = new int[1 + 63 + 63 + 64];
    levels[0] = 3;
    Arrays.fill(levels, 1, 64, 2);
    Arrays.fill(levels, 64, 127, 1);
    int run = ChunkPlan.trailingRunToMerge(levels, levels.length);
    assertEquals(190, run);
    assertEquals(3, ChunkPlan.mergedLevel(levels, levels.length, run));
    levels[1] = 3;
    int shorter = ChunkPlan.trailingRunToMerge(levels, levels.length);
    assertEquals(127, shorter);
    assertEquals(2, ChunkPlan.mergedLevel(levels, levels.length, shorter));
  }

  @Test
  void noRecordIsRewrittenMoreOftenThanTheLogarithm() {
    GrowingList list = new GrowingList();
    int records = 300_000;
    int widest = 0;
    for (int n = 1; n <= records; n++) {
      list.append();
      while (list.merge()) {
        assertEquals(0, ChunkPlan.trailingRunToMerge(list.levels.stream().mapToInt(Integer::intValue).toArray(), list.levels.size()), "one step is enough");
      }
      widest = Math.max(widest, list.levels.size());
    }
    double log64 = Math.log(records) / Math.log(ChunkPlan.FAN);
    assertTrue(list.mostRewritten() <= log64, list.mostRewritten() + " rewrites");
    assertTrue(widest <= 63 * (Math.floor(log64) + 1), widest + " pieces");
    assertEquals(records, list.rewrites.stream().mapToLong(p -> p.length).sum());
  }

  @Test
  void mergesThatComeLateKeepTheBounds() {
    GrowingList list = new GrowingList();
    Random random = new Random(9);
    int records = 20_000;
    for (int n = 1; n <= records; n++) {
      list.append();
      if (random.nextInt(50) == 0) {
        while (list.merge()) { }
        for (int level = 0; level < 4; level++) {
          assertTrue(list.most(level) < ChunkPlan.FAN);
        }
      }
    }
    while (list.merge()) { }
    assertTrue(list.mostRewritten() <= 3, list.mostRewritten() + " rewrites");
  }

  /** A piece under an older, smaller one does not occur; the plan must still not skip over a piece. */
  @Test
  void anySequenceOfLevelsGivesATrailingRunOfOneLevelAtATime() {
    Random random = new Random(10);
    for (int round = 0; round < 5_000; round++) {
      int[] levels = random.ints(random.nextInt(200), 0, 2).map(l -> l * random.nextInt(2)).toArray();
      int run = ChunkPlan.trailingRunToMerge(levels, levels.length);
      assertTrue(run == 0 || (run >= ChunkPlan.FAN && run <= levels.length));
    }
  }
}
