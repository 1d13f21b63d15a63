package mortmain.file;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** Where records of rewritten segments lie now. Filled in order of places, by one thread, then looked at. */
final class Moves {
  private static final class Run {
    private int[] from = new int[64];
    private int[] to = new int[64];
    private int size;

    void add(int offset, int now) {
      if (size == from.length) {
        from = Arrays.copyOf(from, 2 * size);
        to = Arrays.copyOf(to, 2 * size);
      }
      from[size] = offset;
      to[size++] = now;
    }
  }

  private final Map<Integer, Run> runs = new HashMap<>();
  private final int segment;

  /** {@code segment}: where everything went. */
  Moves(int segment) {
    this.segment = segment;
  }

  int segment() {
    return segment;
  }

  void add(int from, int offset, int now) {
    runs.computeIfAbsent(from, number -> new Run()).add(offset, now);
  }

  /** The offset in the new segment of what lay at a place, or -1 when it did not move, or went. */
  int offset(int from, int offset) {
    Run run = runs.get(from);
    int at = run == null ? -1 : Arrays.binarySearch(run.from, 0, run.size, offset);
    return at < 0 ? -1 : run.to[at];
  }
}
