package mortmain.value;

/**
 * When the pieces of a growing list are rewritten as bigger ones: {@value #FAN} appended records become one chunk,
 * {@value #FAN} chunks one bigger chunk.
 *
 * <p>An appended record is a piece of level 0; a chunk of pieces is one level above the oldest of them. After each
 * append the caller asks for the run to merge and, if it is not empty, replaces those pieces by one of {@link
 * #mergedLevel}. Then a list of n records has at most {@code FAN - 1} pieces of each level, no level is above log64(n),
 * and no record is rewritten more often than that: it only ever moves to a higher level. Rewriting the whole list every
 * N records would be quadratic in its bytes.
 *
 * <p>Thread-safe: stateless.
 */
public final class ChunkPlan {
  /** How many pieces make a chunk. */
  public static final int FAN = 64;

  private ChunkPlan() {}

  /**
   * Says how many of the newest pieces to merge into one now; 0 for none. A merge that would complete the next level
   * takes that level along, so that no record is rewritten twice in one step.
   *
   * @param levels the levels of the pieces, oldest first; only the first {@code size} count
   */
  public static int trailingRunToMerge(int[] levels, int size) {
    int run = 0;
    int merged = 0;
    int at = size;
    int level = size == 0 ? 0 : levels[size - 1];
    while (true) {
      while (at > 0 && levels[at - 1] == level) {
        at--;
      }
      if (size - at - run + merged < FAN) {
        return run;
      }
      run = size - at;
      merged = 1; // the run counts as one piece of the next level
      level++;
    }
  }

  /** Returns the level of the chunk that takes the place of the last {@code run} pieces, which is at least 1. */
  public static int mergedLevel(int[] levels, int size, int run) {
    return levels[size - run] + 1;
  }
}
