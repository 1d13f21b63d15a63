package mortmain.value;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A merge patch, read into the tree of the fields that it names. What stands at a leaf stays text.
 *
 * <p>Not thread-safe while it is read; one call reads it and uses it.
 */
final class Patch {
  /**
   * One member of the patch: its name and its value as places in the text, and the fields of the value when that is
   * an object, else null. It sets something unless all that it names is to be removed.
   */
  record Field(int nameStart, int nameEnd, int start, int end, Map<String, Field> fields, boolean sets) {
    boolean isLeaf() {
      return fields == null;
    }
  }

  final byte[] text;
  final Map<String, Field> fields;
  private int at;

  Patch(byte[] text) {
    this.text = text;
    this.at = Scan.space(text, 0);
    MergePatch.requireObject(text);
    this.fields = object();
  }

  /** Says whether the patch takes this field away. */
  boolean removes(Field field) {
    return field.isLeaf() && !field.sets;
  }

  private Map<String, Field> object() {
    Map<String, Field> members = new LinkedHashMap<>();
    at = Scan.space(text, at + 1);
    while (text[at] != '}') {
      int nameStart = at;
      int nameEnd = Scan.string(text, at);
      at = Scan.behindColon(text, nameEnd);
      int start = at;
      Map<String, Field> inside = null;
      if (text[at] == '{') {
        inside = object();
      } else {
        at = Scan.value(text, at);
      }
      boolean sets = inside == null ? text[start] != 'n' : inside.values().stream().anyMatch(Field::sets);
      members.put(Scan.decode(text, nameStart, nameEnd), new Field(nameStart, nameEnd, start, at, inside, sets));
      at = Scan.space(text, at);
      at = text[at] == ',' ? Scan.space(text, at + 1) : at;
    }
    at++;
    return members;
  }
}
