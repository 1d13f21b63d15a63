package mortmain.value;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;

/**
 * JSON lists as texts. A growing list is kept in pieces; a piece is the <em>inner</em> of a list, the bytes between its
 * brackets, so that joining pieces is joining bytes.
 *
 * <p>Every argument comes from a JSON list that {@link Json#problem} let pass. Thread-safe: stateless.
 */
public final class Lists {
  private static final byte[] NOTHING = {};

  private Lists() {}

  /** Returns the texts of the items, without the white space around them. */
  public static List<byte[]> items(byte[] list) {
    int open = Scan.space(list, 0);
    return split(list, open + 1, Scan.spaceBack(list, open, list.length) - 1);
  }

  /** Returns the number of items. */
  public static long count(byte[] list) {
    int open = Scan.space(list, 0);
    return walk(list, open + 1, Scan.spaceBack(list, open, list.length) - 1, null);
  }

  /** Returns the number of items of an inner. */
  public static long countInner(byte[] inner) {
    return walk(inner, 0, inner.length, null);
  }

  /** Returns the bytes between the brackets, trimmed: empty for an empty list. */
  public static byte[] inner(byte[] list) {
    int start = Scan.space(list, Scan.space(list, 0) + 1);
    int end = Scan.spaceBack(list, start, Scan.spaceBack(list, start, list.length) - 1);
    return Arrays.copyOfRange(list, start, end);
  }

  /** Returns the inner that holds the items of all these inners (or these items), in this order. */
  public static byte[] join(Collection<byte[]> inners) {
    return joined(inners, NOTHING, NOTHING);
  }

  /** Returns the list that holds the items of all these inners (or these items), in this order. */
  public static byte[] wrap(List<byte[]> inners) {
    return joined(inners, new byte[] {'['}, new byte[] {']'});
  }

  /**
   * Returns the list of the last n items, all of them if there are fewer. Parses only the newest inners that are
   * needed for it.
   */
  public static byte[] tail(List<byte[]> innersNewestLast, int n) {
    List<byte[]> newestFirst = new ArrayList<>(innersNewestLast);
    Collections.reverse(newestFirst);
    return tail(newestFirst.iterator(), n);
  }

  /**
   * The same from an iterator that may fetch each inner when it is asked for: it is not asked for more than are
   * needed.
   */
  public static byte[] tail(Iterator<byte[]> innersNewestFirst, int n) {
    if (n < 0) {
      throw new IllegalArgumentException("negative number of items: " + n);
    }
    Deque<byte[]> taken = new ArrayDeque<>();
    long missing = n;
    while (missing > 0 && innersNewestFirst.hasNext()) {
      byte[] inner = innersNewestFirst.next();
      List<byte[]> items = split(inner, 0, inner.length);
      int from = (int) Math.max(0, items.size() - missing);
      missing -= items.size() - from;
      taken.addFirst(from == 0 ? inner : join(items.subList(from, items.size())));
    }
    return wrap(new ArrayList<>(taken));
  }

  private static List<byte[]> split(byte[] b, int start, int end) {
    List<byte[]> items = new ArrayList<>();
    walk(b, start, end, items);
    return items;
  }

  /** Counts the items between start and end, and collects their texts if there is somewhere to. */
  private static long walk(byte[] b, int start, int end, List<byte[]> items) {
    long count = 0;
    int i = Scan.space(b, start);
    while (i < end) {
      int behind = Scan.value(b, i);
      if (items != null) {
        items.add(Arrays.copyOfRange(b, i, behind));
      }
      count++;
      i = Scan.space(b, Scan.space(b, behind) + 1);
    }
    return count;
  }

  private static byte[] joined(Collection<byte[]> inners, byte[] before, byte[] after) {
    long size = (long) before.length + after.length;
    for (byte[] inner : inners) {
      size += inner.length == 0 ? 0 : inner.length + 1;
    }
    Bytes out = new Bytes(Math.toIntExact(size)).add(before, 0, before.length);
    boolean first = true;
    for (byte[] inner : inners) {
      if (inner.length == 0) {
        continue;
      }
      if (!first) {
        out.add(',');
      }
      first = false;
      out.add(inner, 0, inner.length);
    }
    return out.add(after, 0, after.length).toArray();
  }
}
