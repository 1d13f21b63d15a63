package mortmain.specs;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads values as TLC prints them: records and functions become maps, sets sets, tuples lists, numbers longs; strings and model values strings.
 */
final class TlaText {
  private final String text;
  private int at;

  private TlaText(String text) {
    this.text = text;
  }

  /** The states of a behaviour in a file of TLC's simulation: by variable, only those that are asked for. */
  static List<Map<String, Object>> behaviour(String file, Set<String> variables) {
    List<Map<String, Object>> states = new ArrayList<>();
    for (String state : file.split("STATE_\\d+ ==", -1)) {
      Map<String, Object> values = new LinkedHashMap<>();
      for (String conjunct : state.split("(?m)^/\\\\ ", -1)) {
        int equals = conjunct.indexOf(" = ");
        if (equals > 0 && variables.contains(conjunct.substring(0, equals))) {
          values.put(conjunct.substring(0, equals), new TlaText(conjunct.substring(equals + 3)).value());
        }
      }
      if (!values.isEmpty()) {
        states.add(values);
      }
    }
    return states;
  }

  private Object value() {
    skip();
    if (takes("[")) {
      return fields("]", "|->", ",");
    } else if (takes("(")) {
      return fields(")", ":>", "@@");
    } else if (takes("{")) {
      return new LinkedHashSet<>(members("}"));
    } else if (takes("<<")) {
      return members(">>");
    } else if (takes("\"")) {
      int end = text.indexOf('"', at);
      String word = text.substring(at, end);
      at = end + 1;
      return word;
    }
    return word();
  }

  private Object word() {
    int begin = at;
    while (at < text.length() && (Character.isLetterOrDigit(text.charAt(at)) || text.charAt(at) == '_' || text.charAt(at) == '-')) {
      at++;
    }
    String word = text.substring(begin, at);
    if (word.isEmpty()) {
      throw new IllegalArgumentException("no value at " + text.substring(begin, Math.min(text.length(), begin + 40)));
    }
    return switch (word) {
      case "TRUE" -> true;
      case "FALSE" -> false;
      default -> Character.isDigit(word.charAt(0)) || word.charAt(0) == '-' ? (Object) Long.parseLong(word) : word;
    };
  }

  private Map<Object, Object> fields(String end, String arrow, String between) {
    Map<Object, Object> fields = new LinkedHashMap<>();
    while (!takes(end)) {
      Object name = value();
      expect(arrow);
      fields.put(name, value());
      takes(between);
    }
    return fields;
  }

  private List<Object> members(String end) {
    List<Object> members = new ArrayList<>();
    while (!takes(end)) {
      members.add(value());
      takes(",");
    }
    return members;
  }

  private void expect(String token) {
    if (!takes(token)) {
      throw new IllegalArgumentException(token + " is missing before " + text.substring(at, Math.min(text.length(), at + 40)));
    }
  }

  private boolean takes(String token) {
    skip();
    if (text.startsWith(token, at)) {
      at += token.length();
      return true;
    }
    return false;
  }

  private void skip() {
    while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
      at++;
    }
  }
}
