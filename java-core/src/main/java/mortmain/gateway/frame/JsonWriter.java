package mortmain.gateway.frame;

import java.util.Arrays;
import java.util.Map;

/**
 * Writes JSON text into a growing byte array; commas come by themselves. Written by hand because it runs once per call and needs
 * nothing loaded at start. One thread at a time.
 */
public final class JsonWriter {
  private static final byte[] HEX = {'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'};
  private static final int KEEP = 64 << 10;

  private final int first;
  private final int initial;
  private byte[] buffer;
  private int at;
  private boolean separate;

  /** Leaves {@code reserved} bytes in front for a header. */
  public JsonWriter(int reserved, int initial) {
    this.first = reserved;
    this.initial = reserved + initial;
    this.buffer = new byte[this.initial];
    this.at = reserved;
  }

  /** Starts anew; a buffer that a large text has blown up is dropped. */
  public void reset() {
    if (buffer.length > KEEP) {
      buffer = new byte[initial];
    }
    at = first;
    separate = false;
  }

  /** The array behind this writer, header included; valid up to {@link #end()} until the next write. */
  public byte[] array() {
    return buffer;
  }

  /** The index behind the last byte. */
  public int end() {
    return at;
  }

  public JsonWriter beginObject() {
    return open('{');
  }

  public JsonWriter endObject() {
    return close('}');
  }

  public JsonWriter beginArray() {
    return open('[');
  }

  public JsonWriter endArray() {
    return close(']');
  }

  public JsonWriter name(String name) {
    text(name);
    put(':');
    separate = false;
    return this;
  }

  /** A string, or null. */
  public JsonWriter text(String text) {
    comma();
    if (text == null) {
      ascii("null");
      return this;
    }
    put('"');
    int length = text.length();
    ensure(length);
    int i = 0;
    for (; i < length; i++) {
      char c = text.charAt(i);
      if (c >= 0x80 || c < 0x20 || c == '"' || c == '\\') {
        break;
      }
      buffer[at++] = (byte) c;
    }
    if (i < length) {
      difficult(text, i);
    }
    put('"');
    return this;
  }

  public JsonWriter number(long value) {
    comma();
    if (value < 0) {
      ascii(Long.toString(value));
      return this;
    }
    ensure(20);
    int digits = 1;
    for (long rest = value; rest >= 10; rest /= 10) {
      digits++;
    }
    long rest = value;
    for (int i = at + digits - 1; i >= at; i--) {
      buffer[i] = (byte) ('0' + rest % 10);
      rest /= 10;
    }
    at += digits;
    return this;
  }

  /** JSON knows no infinities: those are null. */
  public JsonWriter number(double value) {
    return Double.isFinite(value) ? raw(Double.toString(value)) : raw("null");
  }

  public JsonWriter bool(boolean value) {
    return raw(value ? "true" : "false");
  }

  /** A text that is JSON already, or null. */
  public JsonWriter raw(String json) {
    comma();
    if (json == null) {
      ascii("null");
      return this;
    }
    boolean plain = true;
    for (int i = 0; i < json.length() && plain; i++) {
      plain = json.charAt(i) < 0x80;
    }
    if (plain) {
      ascii(json);
    } else {
      difficult(json, 0, false);
    }
    return this;
  }

  /** Bytes that are no JSON, behind the text. */
  void bytes(byte[] bytes) {
    ensure(bytes.length);
    System.arraycopy(bytes, 0, buffer, at, bytes.length);
    at += bytes.length;
  }

  /** Scalars, maps and collections of them; anything else as its string. */
  public JsonWriter any(Object value) {
    if (value == null) {
      return raw("null");
    } else if (value instanceof Boolean flag) {
      return bool(flag);
    } else if (value instanceof Double || value instanceof Float) {
      return number(((Number) value).doubleValue());
    } else if (value instanceof Long || value instanceof Integer || value instanceof Short || value instanceof Byte) {
      return number(((Number) value).longValue());
    } else if (value instanceof Number) {
      return raw(value.toString());
    } else if (value instanceof Map<?, ?> map) {
      beginObject();
      for (Map.Entry<?, ?> field : map.entrySet()) {
        name(String.valueOf(field.getKey())).any(field.getValue());
      }
      return endObject();
    } else if (value instanceof Iterable<?> items) {
      beginArray();
      for (Object item : items) {
        any(item);
      }
      return endArray();
    }
    return text(value.toString());
  }

  private JsonWriter open(char bracket) {
    comma();
    put(bracket);
    separate = false;
    return this;
  }

  private JsonWriter close(char bracket) {
    put(bracket);
    separate = true;
    return this;
  }

  private void comma() {
    if (separate) {
      put(',');
    }
    separate = true;
  }

  private void put(int ascii) {
    ensure(1);
    buffer[at++] = (byte) ascii;
  }

  private void ascii(String text) {
    int length = text.length();
    ensure(length);
    for (int i = 0; i < length; i++) {
      buffer[at++] = (byte) text.charAt(i);
    }
  }

  private void difficult(String text, int from) {
    difficult(text, from, true);
  }

  private void difficult(String text, int from, boolean escape) {
    for (int i = from; i < text.length(); i++) {
      ensure(6);
      char c = text.charAt(i);
      if (c < 0x80) {
        simple(c, escape);
      } else if (c < 0x800) {
        buffer[at++] = (byte) (0xc0 | (c >> 6));
        following(c, 0);
      } else if (!Character.isSurrogate(c)) {
        buffer[at++] = (byte) (0xe0 | (c >> 12));
        following(c, 6);
      } else if (Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
        int point = Character.toCodePoint(c, text.charAt(++i));
        buffer[at++] = (byte) (0xf0 | (point >> 18));
        following(point, 12);
      } else {
        escaped(c); // a lone surrogate has no UTF-8
      }
    }
  }

  /** The bytes of UTF-8 behind the first: six bits each, from {@code shift} down. */
  private void following(int point, int shift) {
    for (int bits = shift; bits >= 0; bits -= 6) {
      buffer[at++] = (byte) (0x80 + ((point >> bits) & 0x3f));
    }
  }

  private void simple(char c, boolean escape) {
    if (escape && (c == '"' || c == '\\')) {
      buffer[at++] = '\\';
      buffer[at++] = (byte) c;
    } else if (escape && c < 0x20) {
      escaped(c);
    } else {
      buffer[at++] = (byte) c;
    }
  }

  private void escaped(char c) {
    buffer[at++] = '\\';
    buffer[at++] = 'u';
    for (int shift = 12; shift >= 0; shift -= 4) {
      buffer[at++] = HEX[(c >> shift) & 0xf];
    }
  }

  private void ensure(int more) {
    if (buffer.length - at < more) {
      int grown = Math.max(Math.addExact(at, more), buffer.length > Integer.MAX_VALUE / 2 ? Integer.MAX_VALUE - 8 : buffer.length * 2);
      buffer = Arrays.copyOf(buffer, grown);
    }
  }
}
