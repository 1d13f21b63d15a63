package mortmain.value;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What an object holds at the fields that a patch names.
 *
 * <p>Not thread-safe while it is read; one call reads it and uses it.
 */
final class Pick {
  /**
   * One picked value: its place in the text, and its picked members where both the patch and the value have an
   * object, else null.
   */
  record Value(int start, int end, Map<String, Value> members) {}

  final byte[] text;
  final Map<String, Value> members;
  private int at;

  Pick(byte[] text, Patch patch) {
    this.text = text;
    this.at = Scan.space(text, 0);
    this.members = text[at] == '{' ? object(patch.fields) : Map.of();
  }

  private Map<String, Value> object(Map<String, Patch.Field> fields) {
    Map<String, Value> picked = new LinkedHashMap<>();
    at = Scan.space(text, at + 1);
    while (text[at] != '}') {
      int nameStart = at;
      int nameEnd = Scan.string(text, at);
      Patch.Field field = fields.isEmpty() ? null : fields.get(Scan.decode(text, nameStart, nameEnd));
      at = Scan.behindColon(text, nameEnd);
      int start = at;
      Map<String, Value> inside = null;
      if (field != null && !field.isLeaf() && text[at] == '{') {
        inside = object(field.fields());
      } else {
        at = Scan.value(text, at);
      }
      if (field != null) {
        picked.put(Scan.decode(text, nameStart, nameEnd), new Value(start, at, inside));
      }
      at = Scan.space(text, at);
      at = text[at] == ',' ? Scan.space(text, at + 1) : at;
    }
    at++;
    return picked;
  }
}
