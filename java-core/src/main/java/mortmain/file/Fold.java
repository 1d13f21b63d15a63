package mortmain.file;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import mortmain.fence.Folded;
import mortmain.model.Change;
import mortmain.model.Item;
import mortmain.model.Value;
import mortmain.model.Write;
import mortmain.value.Canonical;
import mortmain.value.FoldRefused;
import mortmain.value.Json;
import mortmain.value.Lists;
import mortmain.value.MergePatch;
import mortmain.value.Numbers;

/** The general case: several writes of one key, one after the other, on the whole value. Used once, on one thread. */
final class Fold {
  private Value value;

  /** Of the items that are in the value now. */
  private Map<String, Long> ids;

  private String result;
  private boolean changed;
  private boolean delta;

  private Fold(KeyRecord record, Value value) {
    this.value = value;
    this.ids = ids(record);
  }

  /** {@code before}: the current value, or null. */
  static Folded all(KeyRecord record, Value before, List<Write.OnKey> writes, long limit) {
    Fold fold = new Fold(record, before);
    try {
      for (Write.OnKey write : writes) {
        fold.apply(write);
      }
    } catch (FoldRefused e) {
      return new Folded.WrongType(e.expected(), e.actual());
    }
    if (!fold.changed) {
      return new Folded.To(null, fold.result, fold.delta);
    } else if (fold.value == null) {
      return new Folded.To(new Change.Deleted(), fold.result, fold.delta);
    } else if (fold.value.bytes().length > limit) {
      return new Folded.TooLarge(fold.value.bytes().length, limit);
    }
    return new Folded.To(new Change.Whole(fold.value, fold.ids), fold.result, fold.delta);
  }

  private void apply(Write.OnKey write) throws FoldRefused {
    delta |= write instanceof Write.Delta;
    if (write instanceof Write.Put put) {
      ids = keptIds(ids, put.value());
      set(put.value());
    } else if (write instanceof Write.Delete) {
      changed |= value != null;
      value = null;
      ids = Map.of();
    } else if (write instanceof Write.Ensure ensure) {
      if (value == null) {
        set(ensure.value());
      }
    } else if (write instanceof Write.Append append) {
      append(fresh(ids, append.items()));
    } else if (write instanceof Write.AddToSet add) {
      add(add.member());
    } else if (write instanceof Write.Increment increment) {
      String now = value == null ? "0" : new String(json(Json.Shape.NUMBER), UTF_8);
      String sum = Numbers.add(now, increment.by());
      if (value == null || !sum.equals(now)) {
        set(json(sum.getBytes(UTF_8)));
      }
      result = sum;
    } else if (write instanceof Write.Merge merge) {
      byte[] current = value == null ? null : json(Json.Shape.OBJECT);
      byte[] merged = MergePatch.apply(current, merge.patch().bytes());
      if (merged != current) {
        set(json(merged));
      }
      result = null;
    }
  }

  private void append(List<Item> items) throws FoldRefused {
    List<byte[]> parts = new ArrayList<>(items.size() + 1);
    parts.add(value == null ? new byte[0] : Lists.inner(json(Json.Shape.LIST)));
    items.forEach(item -> parts.add(item.json()));
    if (!items.isEmpty()) {
      set(json(Lists.wrap(parts)));
      ids = withAdded(ids, items);
    }
    result = Long.toString(value == null ? 0 : Lists.count(value.bytes()));
  }

  private void add(Item member) throws FoldRefused {
    List<byte[]> items = value == null ? List.of() : Lists.items(json(Json.Shape.LIST));
    boolean there = items.stream().anyMatch(item -> Canonical.equal(item, member.json()));
    if (!there) {
      append(List.of(new Item(member.json(), null)));
    }
    result = Boolean.toString(!there);
  }

  private void set(Value next) {
    value = next;
    changed = true;
  }

  private Value json(byte[] bytes) {
    return new Value(value == null ? Value.JSON : value.contentType(), bytes);
  }

  private byte[] json(Json.Shape shape) throws FoldRefused {
    if (!value.isJson()) {
      throw new FoldRefused(shape.words(), value.contentType());
    }
    Json.require(shape, value.bytes());
    return value.bytes();
  }

  static String words(String contentType, Json.Shape shape) {
    return Value.isJson(contentType) && shape != null ? shape.words() : contentType;
  }

  /** The ids of the items in a key's list, with the hash of each item. */
  static Map<String, Long> ids(KeyRecord record) {
    return record == null || !record.exists() || record.ids == null ? Map.of() : record.ids;
  }

  /** The items whose id is not in the list yet, each id once. */
  static List<Item> fresh(Map<String, Long> ids, List<Item> items) {
    Set<String> seen = new HashSet<>();
    List<Item> fresh = new ArrayList<>(items.size());
    for (Item item : items) {
      if (item.id() == null || (!ids.containsKey(item.id()) && seen.add(item.id()))) {
        fresh.add(item);
      }
    }
    return fresh;
  }

  private static Map<String, Long> withAdded(Map<String, Long> ids, List<Item> items) {
    Map<String, Long> all = new LinkedHashMap<>(ids);
    for (Item item : items) {
      if (item.id() != null) {
        all.put(item.id(), Canonical.hash(item.json()));
      }
    }
    return all;
  }

  /** The ids whose items are still in a list that replaces the one before. */
  static Map<String, Long> keptIds(Map<String, Long> ids, Value value) {
    if (ids.isEmpty() || !value.isJson() || Json.shape(value.bytes()) != Json.Shape.LIST) {
      return Map.of();
    }
    Set<Long> hashes = new HashSet<>();
    for (byte[] item : Lists.items(value.bytes())) {
      hashes.add(Canonical.hash(item));
    }
    Map<String, Long> kept = new LinkedHashMap<>(ids);
    kept.values().retainAll(hashes);
    return kept;
  }
}
