package mortmain.value;

/**
 * One pass over bytes that may or may not be a JSON text. Iterative, so that hostile nesting costs no stack.
 *
 * <p>Not thread-safe: one use, one thread.
 */
final class Checker {
  private final byte[] bytes;
  private final int length;
  private final long[] objects = new long[(Json.MAX_DEPTH >> 6) + 1];
  private int depth;
  private boolean inObject;

  Checker(byte[] bytes) {
    this.bytes = bytes;
    this.length = bytes.length;
  }

  String problem() {
    try {
      int end = Scan.space(bytes, text(Scan.space(bytes, 0)));
      return end == length ? null : "something follows the JSON text at offset " + end;
    } catch (Malformed e) {
      return e.getMessage();
    }
  }

  /** Passes one whole value, however deep, without recursion. */
  private int text(int start) {
    int i = start;
    while (true) {
      int c = at(i);
      if (c == '{' || c == '[') {
        open(i, c == '{');
        i = Scan.space(bytes, i + 1);
        if (at(i) != (c == '{' ? '}' : ']')) {
          i = c == '{' ? name(i) : i;
          continue;
        }
        close();
        i++;
      } else {
        i = scalar(i, c);
      }
      i = behind(i);
      if (depth == 0) {
        return i;
      }
    }
  }

  /**
   * After a value: leaves the containers that end here; returns where the next value begins, or the end when none is
   * open.
   */
  private int behind(int start) {
    int i = start;
    while (depth > 0) {
      i = Scan.space(bytes, i);
      int c = at(i);
      if (c == ',') {
        i = Scan.space(bytes, i + 1);
        return inObject ? name(i) : i;
      }
      if (c != (inObject ? '}' : ']')) {
        throw unexpected(i, inObject ? "',' or '}'" : "',' or ']'");
      }
      close();
      i++;
    }
    return i;
  }

  private void open(int i, boolean object) {
    if (depth == Json.MAX_DEPTH) {
      throw new Malformed("nested deeper than " + Json.MAX_DEPTH + " at offset " + i);
    }
    long bit = 1L << depth;
    if (object) {
      objects[depth >> 6] |= bit;
    } else {
      objects[depth >> 6] &= ~bit;
    }
    depth++;
    inObject = object;
  }

  private void close() {
    depth--;
    inObject = depth > 0 && (objects[(depth - 1) >> 6] & (1L << (depth - 1))) != 0;
  }

  private int name(int i) {
    if (at(i) != '"') {
      throw unexpected(i, "a name in quotes");
    }
    int colon = Scan.space(bytes, string(i + 1));
    if (at(colon) != ':') {
      throw unexpected(colon, "':'");
    }
    return Scan.space(bytes, colon + 1);
  }

  private int scalar(int i, int first) {
    return switch (first) {
      case '"' -> string(i + 1);
      case 't' -> word(i, "true");
      case 'f' -> word(i, "false");
      case 'n' -> word(i, "null");
      case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9' -> number(i, first);
      default -> throw unexpected(i, "a value");
    };
  }

  private int word(int start, String word) {
    for (int k = 1; k < word.length(); k++) {
      if (at(start + k) != word.charAt(k)) {
        throw unexpected(start, "a value");
      }
    }
    return start + word.length();
  }

  private int number(int start, int first) {
    int i = first == '-' ? start + 1 : start;
    i = at(i) == '0' ? i + 1 : digits(i);
    if (at(i) == '.') {
      i = digits(i + 1);
    }
    if ((at(i) | 0x20) == 'e') {
      i++;
      i = at(i) == '+' || at(i) == '-' ? i + 1 : i;
      int end = digits(i);
      if (end - i > Json.MAX_EXPONENT_DIGITS) {
        throw new Malformed("exponent of more than " + Json.MAX_EXPONENT_DIGITS + " digits at offset " + i);
      }
      i = end;
    }
    return i;
  }

  private int digits(int start) {
    int i = start;
    while (i < length && bytes[i] >= '0' && bytes[i] <= '9') {
      i++;
    }
    if (i == start) {
      throw unexpected(i, "a digit");
    }
    return i;
  }

  /** Passes a string from behind its opening quote to behind its closing one. */
  private int string(int start) {
    int i = start;
    while (true) {
      i = Scan.plain(bytes, i);
      int c = at(i);
      if (c == '"') {
        return i + 1;
      }
      if (c == '\\') {
        i = escape(i);
      } else if (c >= 0x80) {
        i = beyondAscii(i);
      } else {
        throw unexpected(i, "no control character in a string, but a closing quote");
      }
    }
  }

  private int escape(int i) {
    switch (at(i + 1)) {
      case '"', '\\', '/', 'b', 'f', 'n', 'r', 't' -> {
        return i + 2;
      }
      case 'u' -> {
        int unit = hex(i + 2);
        if (unit < 0xd800 || unit > 0xdfff) {
          return i + 6;
        }
        if (unit < 0xdc00 && at(i + 6) == '\\' && at(i + 7) == 'u' && (hex(i + 8) & 0xfc00) == 0xdc00) {
          return i + 12;
        }
        throw new Malformed("lone surrogate at offset " + i);
      }
      default -> throw unexpected(i + 1, "an escape");
    }
  }

  private int hex(int start) {
    int unit = 0;
    for (int i = start; i < start + 4; i++) {
      int digit = i < length ? Scan.hexDigit(bytes[i]) : -1;
      if (digit < 0) {
        throw unexpected(i, "a hexadecimal digit");
      }
      unit = unit << 4 | digit;
    }
    return unit;
  }

  /** Passes the run of characters of two to four bytes that begins here: Unicode's table 3-7 of well-formed UTF-8. */
  private int beyondAscii(int start) {
    int i = start;
    while (i < length && bytes[i] < 0) {
      int lead = bytes[i] & 0xff;
      if (lead < 0xe0) {
        continuation(i, 1, lead < 0xc2 ? 0x100 : 0x80, 0xbf);
        i += 2;
      } else if (lead < 0xf0) {
        continuation(i, 1, lead == 0xe0 ? 0xa0 : 0x80, lead == 0xed ? 0x9f : 0xbf);
        continuation(i, 2, 0x80, 0xbf);
        i += 3;
      } else {
        continuation(i, 1, lead == 0xf0 ? 0x90 : lead > 0xf4 ? 0x100 : 0x80, lead == 0xf4 ? 0x8f : 0xbf);
        continuation(i, 2, 0x80, 0xbf);
        continuation(i, 3, 0x80, 0xbf);
        i += 4;
      }
    }
    return i;
  }

  private void continuation(int lead, int distance, int low, int high) {
    int c = at(lead + distance);
    if (c < low || c > high) {
      throw new Malformed("not UTF-8 at offset " + lead);
    }
  }

  private int at(int i) {
    return i < length ? bytes[i] & 0xff : -1;
  }

  private Malformed unexpected(int i, String expected) {
    String where = i < length ? " at offset " + i : ", but the text ends";
    return new Malformed("expected " + expected + where);
  }

  /** Carries the reason out of the pass; without a stack trace it costs nothing to speak of. */
  private static final class Malformed extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Malformed(String reason) {
      super(reason, null, false, false);
    }
  }
}
