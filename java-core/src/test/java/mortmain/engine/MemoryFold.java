package mortmain.engine;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import mortmain.fence.Folded;
import mortmain.model.Change;
import mortmain.model.Item;
import mortmain.model.Value;
import mortmain.model.Write;
import mortmain.value.Canonical;

/** The writes of one key, evaluated on trees. Used once. */
final class MemoryFold {
  static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS, DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build();

  private static final class WrongType extends Exception {
    private final transient Folded.WrongType folded;

    WrongType(String expected, String actual) {
      super(expected, null, false, false);
      folded = new Folded.WrongType(expected, actual);
    }
  }

  private Value value;
  private Map<String, Long> ids;
  private String result;
  private boolean changed;
  private boolean delta;

  private MemoryFold(MemoryState.OfKey of) {
    value = of == null ? null : of.value;
    ids = of == null || value == null ? Map.of() : of.ids;
  }

  static Folded fold(MemoryState.OfKey of, List<Write.OnKey> writes, long limit) {
    MemoryFold fold = new MemoryFold(of);
    try {
      for (Write.OnKey write : writes) {
        fold.apply(write);
      }
    } catch (WrongType e) {
      return e.folded;
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

  private void apply(Write.OnKey write) throws WrongType {
    delta |= write instanceof Write.Delta;
    if (write instanceof Write.Put put) {
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
      append(append.items());
    } else if (write instanceof Write.AddToSet add) {
      add(add.member());
    } else if (write instanceof Write.Increment increment) {
      increment(increment.by());
    } else if (write instanceof Write.Merge merge) {
      merge(merge.patch().bytes());
    }
  }

  /** Ids stay as long as an item equal to theirs is in the list. */
  private void set(Value next) {
    value = next;
    changed = true;
    Map<String, Long> kept = new LinkedHashMap<>();
    if (next.isJson() && tree(next.bytes()).isArray()) {
      List<Long> hashes = items(next.bytes()).stream().map(item -> Canonical.hash(item.getBytes(UTF_8))).toList();
      ids.forEach((id, hash) -> {
        if (hashes.contains(hash)) {
          kept.put(id, hash);
        }
      });
    }
    ids = kept;
  }

  private void append(List<Item> items) throws WrongType {
    List<String> all = value == null ? new ArrayList<>() : items(current("a list", JsonNode::isArray));
    int before = all.size();
    Map<String, Long> known = new LinkedHashMap<>(ids);
    for (Item item : items) {
      if (item.id() == null || !known.containsKey(item.id())) {
        all.add(text(item.json()));
        if (item.id() != null) {
          known.put(item.id(), Canonical.hash(item.json()));
        }
      }
    }
    if (all.size() > before) {
      set(sameType("[" + String.join(",", all) + "]"));
      ids = known;
    }
    result = Integer.toString(all.size());
  }

  private void add(Item member) throws WrongType {
    List<String> all = value == null ? List.of() : items(current("a list", JsonNode::isArray));
    boolean there = all.stream().anyMatch(item -> Canonical.equal(item.getBytes(UTF_8), member.json()));
    if (!there) {
      append(List.of(new Item(member.json(), null)));
    }
    result = Boolean.toString(!there);
  }

  private void increment(String by) throws WrongType {
    String now = value == null ? "0" : text(current("a number", JsonNode::isNumber));
    String sum;
    if (isInteger(now) && isInteger(by)) {
      BigInteger exact = new BigInteger(now).add(new BigInteger(by));
      if (exact.bitLength() > 63) {
        throw new WrongType("a 64-bit integer", now + " + " + by);
      }
      sum = exact.toString();
    } else {
      sum = new BigDecimal(now).add(new BigDecimal(by)).toString();
      sum = isInteger(sum) ? sum + ".0" : sum;
    }
    if (value == null || !sum.equals(now)) {
      set(sameType(sum));
    }
    result = sum;
  }

  private static boolean isInteger(String number) {
    return number.matches("-?[0-9]+");
  }

  private void merge(byte[] patch) throws WrongType {
    JsonNode before = value == null ? null : tree(current("an object", JsonNode::isObject));
    JsonNode after = patched(before == null ? null : before.deepCopy(), tree(patch));
    if (before == null || !before.toString().equals(after.toString())) {
      set(sameType(after.toString()));
    }
    result = null;
  }

  /** RFC 7396, word for word. */
  private static JsonNode patched(JsonNode target, JsonNode patch) {
    if (!patch.isObject()) {
      return patch;
    }
    ObjectNode object = target != null && target.isObject() ? (ObjectNode) target : JSON.createObjectNode();
    patch.properties().forEach(field -> {
      if (field.getValue().isNull()) {
        object.remove(field.getKey());
      } else {
        object.set(field.getKey(), patched(object.get(field.getKey()), field.getValue()));
      }
    });
    return object;
  }

  private Value sameType(String json) {
    return new Value(value == null ? Value.JSON : value.contentType(), json.getBytes(UTF_8));
  }

  private interface Shape {
    boolean fits(JsonNode tree);
  }

  private byte[] current(String expected, Shape shape) throws WrongType {
    if (!value.isJson()) {
      throw new WrongType(expected, value.contentType());
    }
    JsonNode tree = tree(value.bytes());
    if (!shape.fits(tree)) {
      throw new WrongType(expected, words(tree));
    }
    return value.bytes();
  }

  static String words(JsonNode tree) {
    return switch (tree.getNodeType()) {
      case ARRAY -> "a list";
      case OBJECT -> "an object";
      case NUMBER -> "a number";
      case STRING -> "a string";
      case BOOLEAN -> "a boolean";
      default -> "null";
    };
  }

  /** The first leaf of the patch that differs, as a JSON pointer; a value that is no object has no fields. */
  static Optional<String> changedField(Value current, byte[] base, byte[] patch) {
    JsonNode now = current == null || !current.isJson() || !tree(current.bytes()).isObject() ? JSON.createObjectNode() : tree(current.bytes());
    return Optional.ofNullable(changed(now, tree(base), tree(patch)));
  }

  private static String changed(JsonNode now, JsonNode base, JsonNode patch) {
    for (Map.Entry<String, JsonNode> field : patch.properties()) {
      JsonNode a = now.get(field.getKey());
      JsonNode b = base.get(field.getKey());
      boolean objects = (a == null || a.isObject()) && (b == null || b.isObject());
      boolean inside = field.getValue().isObject() && objects && ((a != null && b != null) || setsALeaf(field.getValue()));
      if (inside) {
        JsonNode none = JSON.createObjectNode();
        String below = changed(a == null ? none : a, b == null ? none : b, field.getValue());
        if (below != null) {
          return "/" + field.getKey() + below;
        }
      } else if (!same(a, b)) {
        return "/" + field.getKey();
      }
    }
    return null;
  }

  private static boolean same(JsonNode a, JsonNode b) {
    if (a == null || b == null) {
      return a == null && b == null;
    }
    return Canonical.equal(a.toString().getBytes(UTF_8), b.toString().getBytes(UTF_8));
  }

  private static boolean setsALeaf(JsonNode patch) {
    return patch.isObject() ? patch.properties().stream().anyMatch(field -> setsALeaf(field.getValue())) : !patch.isNull();
  }

  static JsonNode tree(byte[] json) {
    try {
      return JSON.readTree(json);
    } catch (java.io.IOException e) {
      throw new IllegalArgumentException(e);
    }
  }

  /** Whether it is one JSON text. */
  static boolean isJson(byte[] json) {
    try {
      return !JSON.readTree(new String(json, UTF_8)).isMissingNode();
    } catch (JsonProcessingException e) {
      return false;
    }
  }

  static List<String> items(byte[] list) {
    List<String> items = new ArrayList<>();
    tree(list).forEach(item -> items.add(item.toString()));
    return items;
  }

  private static String text(byte[] json) {
    return new String(json, UTF_8);
  }
}
