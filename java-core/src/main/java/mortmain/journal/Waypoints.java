package mortmain.journal;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Places between frames where reading can begin, one in so many bytes: to find a revision without going over its whole segment. Thread-safe;
 * places are added in order.
 */
final class Waypoints {
  /** Bytes between two places. */
  static final int STEP = 1 << 16;

  /** {@code crc} and {@code revision}: of the frame before. */
  record Place(long offset, int crc, long revision) {}

  private final Map<Integer, Places> segments = new HashMap<>();

  synchronized void add(int segment, long offset, int crc, long revision) {
    Places places = segments.computeIfAbsent(segment, number -> new Places());
    if (places.count == 0 || offset - places.offsets[places.count - 1] >= STEP) {
      places.add(offset, crc, revision);
    }
  }

  synchronized void remove(int segment) {
    segments.remove(segment);
  }

  /** The last place of a segment before which all revisions are at most this one; null when there is none. */
  synchronized Place before(int segment, long revision) {
    Places places = segments.get(segment);
    if (places == null) {
      return null;
    }
    int low = 0;
    int high = places.count;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (places.revisions[middle] <= revision) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low == 0 ? null : new Place(places.offsets[low - 1], places.crcs[low - 1], places.revisions[low - 1]);
  }

  private static final class Places {
    private long[] offsets = new long[4];
    private int[] crcs = new int[4];
    private long[] revisions = new long[4];
    private int count;

    void add(long offset, int crc, long revision) {
      if (count == offsets.length) {
        offsets = Arrays.copyOf(offsets, 2 * count);
        crcs = Arrays.copyOf(crcs, 2 * count);
        revisions = Arrays.copyOf(revisions, 2 * count);
      }
      offsets[count] = offset;
      crcs[count] = crc;
      revisions[count++] = revision;
    }
  }
}
