package mortmain.value;

import java.util.Arrays;

/**
 * Where each list and object of a JSON text ends, numbered in the order in which they open. With it a reader steps over
 * a value at once, which keeps a walk that needs all members of an object before it writes the first one linear in the
 * text, however deep it nests.
 *
 * <p>Thread-safe once made: nothing changes it afterwards.
 */
final class Containers {
  private int[] ends = new int[16];
  private int[] following = new int[16];
  private int count;

  Containers(byte[] b) {
    int[] open = new int[Json.MAX_DEPTH];
    int depth = 0;
    int k = 0;
    while (k < b.length) {
      switch (b[k]) {
        case '"' -> k = Scan.string(b, k) - 1;
        case '{', '[' -> open[depth++] = opened();
        case '}', ']' -> closed(open[--depth], k + 1);
        default -> { }
      }
      k++;
    }
  }

  /** Behind the closing bracket of a container. */
  int end(int container) {
    return ends[container];
  }

  /** The number of the first container that opens behind this one. */
  int following(int container) {
    return following[container];
  }

  private int opened() {
    if (count == ends.length) {
      ends = Arrays.copyOf(ends, count * 2);
      following = Arrays.copyOf(following, count * 2);
    }
    return count++;
  }

  private void closed(int container, int end) {
    ends[container] = end;
    following[container] = count;
  }
}
