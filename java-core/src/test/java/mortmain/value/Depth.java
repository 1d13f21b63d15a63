package mortmain.value;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.IntFunction;

/**
 * Notices a fold that steps over a value again on each level. The same payload lies once near the top and once near the
 * bottom; a linear walk takes about the same time for both, the other kind many times as long. A ratio, so that a busy
 * machine does not matter.
 */
final class Depth {
  private static final int DEEP = Json.MAX_DEPTH - 2;
  private static final int TOLERATED = 10;

  private Depth() {}

  static String payload() {
    return "[" + "1,".repeat(1_000_000) + "1]";
  }

  static void doesNotMultiplyTheTime(IntFunction<Runnable> foldAtDepth) {
    Runnable shallow = foldAtDepth.apply(1);
    Runnable deep = foldAtDepth.apply(DEEP);
    long shallowTime = best(shallow);
    long deepTime = best(deep);
    assertTrue(deepTime < TOLERATED * shallowTime, deepTime + " ns against " + shallowTime + " ns");
  }

  private static long best(Runnable fold) {
    long best = Long.MAX_VALUE;
    for (int i = 0; i < 3; i++) {
      long start = System.nanoTime();
      fold.run();
      best = Math.min(best, System.nanoTime() - start);
    }
    return best;
  }
}
