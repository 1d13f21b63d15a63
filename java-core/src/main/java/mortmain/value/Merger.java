package mortmain.value;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * One application of a merge patch: walks the object once, copies what the patch leaves alone as it stands.
 *
 * <p>Where the object names a member twice, both are treated alike, so that the last one still counts. Not thread-safe:
 * one use.
 */
final class Merger {
  private static final byte[] EMPTY = {'{', '}'};

  private final byte[] in;
  private final Patch patch;
  private final Bytes out;
  private int at;
  private boolean changed;

  /** The object may be null: then there is none yet. */
  Merger(byte[] object, Patch patch) {
    this.in = object == null ? EMPTY : object;
    this.patch = patch;
    this.out = new Bytes(in.length + patch.text.length);
    this.changed = object == null;
  }

  /** Returns the patched object, or null when it is the object as it was. */
  byte[] merged() {
    at = Scan.space(in, 0);
    object(patch.fields);
    return changed ? out.toArray() : null;
  }

  private void object(Map<String, Patch.Field> fields) {
    Set<String> seen = new HashSet<>();
    boolean first = true;
    out.add('{');
    at = Scan.space(in, at + 1);
    while (in[at] != '}') {
      int nameStart = at;
      int nameEnd = Scan.string(in, at);
      String name = Scan.decode(in, nameStart, nameEnd);
      Patch.Field field = fields.get(name);
      at = Scan.behindColon(in, nameEnd);
      if (field == null || !patch.removes(field)) {
        separate(first).add(in, nameStart, nameEnd).add(':');
        first = false;
      }
      member(field);
      if (field != null) {
        seen.add(name);
      }
      at = Scan.space(in, at);
      at = in[at] == ',' ? Scan.space(in, at + 1) : at;
    }
    at++;
    for (Map.Entry<String, Patch.Field> field : fields.entrySet()) {
      if (!seen.contains(field.getKey()) && !patch.removes(field.getValue())) {
        changed = true;
        first = fresh(field.getValue(), first);
      }
    }
    out.add('}');
  }

  /** Writes what becomes of the value that begins here, and steps over it. */
  private void member(Patch.Field field) {
    if (field != null && !field.isLeaf() && in[at] == '{') {
      object(field.fields());
      return;
    }
    int start = at;
    at = Scan.value(in, at);
    if (field == null) {
      out.add(in, start, at);
    } else if (patch.removes(field)) {
      changed = true;
    } else {
      changed |= !field.isLeaf() || !sameText(start, at, field);
      value(field);
    }
  }

  private boolean sameText(int start, int end, Patch.Field field) {
    return Arrays.equals(in, start, end, patch.text, field.start(), field.end());
  }

  /** Writes the patch's own value, without the nulls in its objects: there is nothing that they could take away. */
  private void value(Patch.Field field) {
    if (field.isLeaf()) {
      out.add(patch.text, field.start(), field.end());
      return;
    }
    boolean first = true;
    out.add('{');
    for (Patch.Field inside : field.fields().values()) {
      if (!patch.removes(inside)) {
        first = fresh(inside, first);
      }
    }
    out.add('}');
  }

  private boolean fresh(Patch.Field field, boolean first) {
    separate(first).add(patch.text, field.nameStart(), field.nameEnd()).add(':');
    value(field);
    return false;
  }

  private Bytes separate(boolean first) {
    return first ? out : out.add(',');
  }
}
