package mortmain.file;

import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;

/**
 * The ids of the items in a list, in order, with the hash of each item. It only grows, so that the first so many of them stay what they are
 * while they are written down some at a time. Guarded by the engine's lock.
 */
final class ItemIds extends AbstractMap<String, Long> {
  private static final int FEW = 8;

  private final Map<String, Integer> places = new HashMap<>();
  private String[] ids = new String[FEW];
  private long[] hashes = new long[FEW];
  private int size;

  /** The same with what a commit adds; null is none. */
  static ItemIds plus(ItemIds before, String id, long hash) {
    ItemIds all = before == null ? new ItemIds() : before;
    all.put(id, hash);
    return all;
  }

  static ItemIds of(Map<String, Long> ids) {
    ItemIds all = new ItemIds();
    all.putAll(ids);
    return all;
  }

  @Override
  public Long put(String id, Long hash) {
    Integer place = places.putIfAbsent(id, size);
    if (place != null) {
      long before = hashes[place];
      hashes[place] = hash;
      return before;
    }
    if (size == ids.length) {
      ids = Arrays.copyOf(ids, 2 * size);
      hashes = Arrays.copyOf(hashes, 2 * size);
    }
    ids[size] = id;
    hashes[size++] = hash;
    return null;
  }

  /** Those from one place to before another one, in their order. */
  void write(Out out, int from, int to) {
    out.varint(to - from);
    for (int i = from; i < to; i++) {
      out.text(ids[i]);
      out.i64(hashes[i]);
    }
  }

  void read(In in) {
    for (int left = in.count(); left > 0; left--) {
      put(in.text(), in.i64());
    }
  }

  @Override
  public int size() {
    return size;
  }

  @Override
  public boolean containsKey(Object id) {
    return places.containsKey(id);
  }

  @Override
  public Long get(Object id) {
    Integer place = places.get(id);
    return place == null ? null : Long.valueOf(hashes[place]);
  }

  @Override
  public Set<Map.Entry<String, Long>> entrySet() {
    return new AbstractSet<>() {
      @Override
      public int size() {
        return size;
      }

      @Override
      public Iterator<Map.Entry<String, Long>> iterator() {
        return new Iterator<>() {
          private int next;

          @Override
          public boolean hasNext() {
            return next < size;
          }

          @Override
          public Map.Entry<String, Long> next() {
            if (next >= size) {
              throw new NoSuchElementException();
            }
            return Map.entry(ids[next], hashes[next++]);
          }
        };
      }
    };
  }
}
