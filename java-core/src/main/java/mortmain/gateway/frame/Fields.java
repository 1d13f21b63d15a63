package mortmain.gateway.frame;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import mortmain.model.Key;
import mortmain.model.MortmainException;
import mortmain.model.Rejection;

/**
 * Reads the JSON object of a request as a stream: no tree, so that nothing grows with what a client sends except what an operation
 * asked for. Every complaint is INVALID with the field's name. One thread.
 */
final class Fields implements AutoCloseable {
  private static final int MAX_DEPTH = 16;
  private static final int MAX_TEXT = 64 << 10;

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxStringLength(MAX_TEXT)
                  .maxNameLength(4096) // names of meta pairs too
                  .maxNumberLength(64)
                  .build())
          .build();

  private final JsonParser parser;
  private String name = "fields";
  private boolean started;

  Fields(byte[] bytes, int at, int length) {
    try {
      parser = length == 0 ? null : JSON.createParser(bytes, at, length);
      if (parser != null && parser.nextToken() != JsonToken.START_OBJECT) {
        throw bad("not a JSON object");
      }
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  /** The next name of the object, or null at its end. What was not read of the value before is skipped. */
  String next() {
    if (parser == null) {
      return null;
    }
    try {
      if (started) {
        parser.skipChildren(); // an array or object that nobody wanted
      }
      started = true;
      if (parser.nextToken() == JsonToken.END_OBJECT) {
        if (parser.nextToken() != null) {
          name = "fields";
          throw bad("something follows the object");
        }
        return null;
      }
      name = parser.currentName();
      parser.nextToken();
      return name;
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  /** Enters the array that is the current value; false when it is null. */
  boolean array() {
    if (parser.currentToken() == JsonToken.VALUE_NULL) {
      return false;
    }
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      throw bad("expected a list");
    }
    return true;
  }

  /** Moves to the next element of the array; false at its end. */
  boolean element() {
    return token() != JsonToken.END_ARRAY;
  }

  /** Moves to the next element, which must be there. */
  Fields must() {
    if (!element()) {
      throw bad("too few elements");
    }
    return this;
  }

  /** Leaves the array: further elements are a newer client's. */
  void leave() {
    while (element()) {
      skip();
    }
  }

  void skip() {
    try {
      parser.skipChildren();
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  boolean isNull() {
    return parser.currentToken() == JsonToken.VALUE_NULL;
  }

  String text() {
    if (parser.currentToken() != JsonToken.VALUE_STRING) {
      throw bad("expected a text");
    }
    try {
      return parser.getText();
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  String textOrNull() {
    return isNull() ? null : text();
  }

  /** A text of at most {@code max} characters. */
  String text(int max) {
    String text = text();
    if (text.length() > max) {
      throw bad(text.length() + " characters, the limit is " + max);
    }
    return text;
  }

  Key key() {
    return Key.of(text());
  }

  long integer() {
    if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT) {
      throw bad("expected an integer");
    }
    try {
      return parser.getLongValue();
    } catch (IOException e) {
      throw bad("not a 64-bit integer");
    }
  }

  /** An integer from 0 to {@code max}. */
  int count(int max) {
    long value = integer();
    if (value < 0 || value > max) {
      throw bad(value + " is not between 0 and " + max);
    }
    return (int) value;
  }

  double number() {
    if (!parser.currentToken().isNumeric()) {
      throw bad("expected a number");
    }
    try {
      return parser.getDoubleValue();
    } catch (IOException e) {
      throw bad("not a number");
    }
  }

  boolean bool() {
    if (!parser.currentToken().isBoolean()) {
      throw bad("expected true or false");
    }
    return parser.currentToken() == JsonToken.VALUE_TRUE;
  }

  /** An object of texts; null is an empty one. */
  Map<String, String> texts(int maxPairs) {
    if (isNull()) {
      return Map.of();
    }
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      throw bad("expected an object");
    }
    Map<String, String> pairs = new LinkedHashMap<>();
    while (token() != JsonToken.END_OBJECT) {
      try {
        String key = parser.currentName();
        parser.nextToken();
        pairs.put(key, text());
      } catch (IOException e) {
        throw unreadable(e);
      }
      if (pairs.size() > maxPairs) {
        throw bad("more than " + maxPairs + " pairs");
      }
    }
    return pairs;
  }

  /** INVALID about the current field. */
  MortmainException bad(String reason) {
    return Rejection.invalid(name, reason).exception();
  }

  /** INVALID about a field that is missing. */
  static MortmainException missing(String field) {
    return Rejection.invalid(field, "is missing").exception();
  }

  /** The value, unless it is missing. */
  static <T> T need(T value, String field) {
    if (value == null) {
      throw missing(field);
    }
    return value;
  }

  @Override
  public void close() {
    try {
      if (parser != null) {
        parser.close();
      }
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  private JsonToken token() {
    try {
      JsonToken token = parser.nextToken();
      if (token == null) {
        throw bad("ends early");
      }
      return token;
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  private static MortmainException unreadable(IOException e) {
    String detail = e.getMessage();
    int line = detail == null ? -1 : detail.indexOf('\n');
    String reason = detail == null ? "not JSON" : "not JSON: " + (line < 0 ? detail : detail.substring(0, line));
    return Rejection.invalid("fields", reason.length() > 300 ? reason.substring(0, 300) : reason).exception();
  }
}
