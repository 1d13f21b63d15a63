package mortmain.value;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;

/**
 * JSON merge patches, RFC 7396, restricted to patches that are objects, and the guard on the fields that a patch names.
 *
 * <p>A <em>leaf</em> of a patch is a member whose value is no object: what the patch sets, or takes away (null). The
 * members above it are not leaves: a patch of {@code {"a":{"b":1}}} says nothing about {@code a.c}. An absent object
 * and one without the leaf are alike to the guard if the patch sets a leaf in it, because it does the same to both.
 * Anything else in place of an object is not, because the patch would wipe it out; and for a patch that sets nothing in
 * the object, such as {@code {"a":{}}}, it counts whether there is one. So two patches that pass the guard after each
 * other, in either order, give the same value in either order.
 *
 * <p>Every argument is a JSON text that {@link Json#problem} let pass. Thread-safe: stateless.
 */
public final class MergePatch {
  private MergePatch() {}

  /**
   * Applies a patch. Members keep their order, new ones follow in the order of the patch; values that the patch does
   * not name keep their bytes.
   *
   * @param objectOrNull an object (check with {@link Json#require}); null when the key is absent, which is like an
   *     empty object, but the result is new
   * @return the patched object, or the same array when no leaf's text differs from what is there (1 and 1.0 do
   *     differ: numbers keep their digits)
   * @throws IllegalArgumentException when one of them is no object
   */
  public static byte[] apply(byte[] objectOrNull, byte[] patch) {
    if (objectOrNull != null) {
      requireObject(objectOrNull);
    }
    byte[] merged = new Merger(objectOrNull, new Patch(patch)).merged();
    return merged == null ? objectOrNull : merged;
  }

  /**
   * Cuts an object down to the leaves that the patch names. Absent fields are left out; where the object has
   * something else than an object above a leaf, that is taken whole.
   *
   * @throws IllegalArgumentException when the patch is no object
   */
  public static byte[] cut(byte[] object, byte[] patch) {
    Patch fields = new Patch(patch);
    Pick pick = new Pick(object, fields);
    Bytes out = new Bytes(patch.length);
    write(pick, pick.members, fields, fields.fields, out);
    return out.toArray();
  }

  private static void write(
      Pick pick, Map<String, Pick.Value> members, Patch patch, Map<String, Patch.Field> fields, Bytes out) {
    boolean first = true;
    out.add('{');
    for (Map.Entry<String, Pick.Value> member : members.entrySet()) {
      Patch.Field field = fields.get(member.getKey());
      Pick.Value value = member.getValue();
      (first ? out : out.add(',')).add(patch.text, field.nameStart(), field.nameEnd()).add(':');
      first = false;
      if (value.members() == null) {
        out.add(pick.text, value.start(), value.end());
      } else {
        write(pick, value.members(), patch, field.fields(), out);
      }
    }
    out.add('}');
  }

  /**
   * Compares the current value with the base on the leaves that the patch names, by canonical equality; missing is a
   * value of its own.
   *
   * @param currentOrNull the current value; null when the key is absent, which has no fields, and neither has a value
   *     that is no object
   * @param baseFields the base's value, whole or as {@link #cut} leaves it
   * @return the path (a JSON pointer, RFC 6901) of the first leaf, in the order of the patch, on which they differ,
   *     or of what stands in place of the object above it; empty when they agree
   * @throws IllegalArgumentException when the patch is no object
   */
  public static Optional<String> firstChanged(byte[] currentOrNull, byte[] baseFields, byte[] patch) {
    Patch fields = new Patch(patch);
    Pick current = new Pick(currentOrNull == null ? new byte[] {'{', '}'} : currentOrNull, fields);
    Pick base = new Pick(baseFields, fields);
    return firstChanged(current, current.members, base, base.members, fields.fields);
  }

  private static Optional<String> firstChanged(
      Pick current, Map<String, Pick.Value> now, Pick base, Map<String, Pick.Value> then, Map<String, Patch.Field> fields) {
    for (Map.Entry<String, Patch.Field> field : fields.entrySet()) {
      Pick.Value a = now.get(field.getKey());
      Pick.Value b = then.get(field.getKey());
      if (comparedInside(field.getValue(), a, b)) {
        Optional<String> below = firstChanged(current, members(a), base, members(b), field.getValue().fields());
        if (below.isPresent()) {
          return Optional.of(step(field.getKey()) + below.get());
        }
      } else if (!same(current, a, base, b)) {
        return Optional.of(step(field.getKey()));
      }
    }
    return Optional.empty();
  }

  /** Whether the leaves below a field decide, and not the field itself. */
  private static boolean comparedInside(Patch.Field field, Pick.Value a, Pick.Value b) {
    if (field.isLeaf() || isOther(a) || isOther(b)) {
      return false;
    }
    return (a != null && b != null) || field.sets();
  }

  private static boolean isOther(Pick.Value value) {
    return value != null && value.members() == null;
  }

  private static Map<String, Pick.Value> members(Pick.Value value) {
    return value == null ? Map.of() : value.members();
  }

  private static boolean same(Pick current, Pick.Value a, Pick base, Pick.Value b) {
    if (a == null || b == null) {
      return a == null && b == null;
    }
    return Canonical.equal(
        Arrays.copyOfRange(current.text, a.start(), a.end()), Arrays.copyOfRange(base.text, b.start(), b.end()));
  }

  private static String step(String name) {
    return "/" + name.replace("~", "~0").replace("/", "~1");
  }

  static void requireObject(byte[] json) {
    if (Json.shape(json) != Json.Shape.OBJECT) {
      throw new IllegalArgumentException("not an object");
    }
  }
}
