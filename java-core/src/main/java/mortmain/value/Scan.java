package mortmain.value;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Steps over the parts of a JSON text that {@link Checker} has passed: finds where things end and looks at nothing
 * else.
 *
 * <p>Strings are stepped over eight bytes at a time; the tests for a byte in a word are those of Warren, "Hacker's
 * Delight", 6-1.
 *
 * <p>Thread-safe: stateless.
 */
final class Scan {
  private static final VarHandle WORD = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long ONES = 0x0101010101010101L;
  private static final long HIGH = ONES << 7;

  private Scan() {}

  /** The first index from i on that is no white space, or the end. */
  static int space(byte[] b, int i) {
    int k = i;
    while (k < b.length && b[k] <= ' ' && (b[k] == ' ' || b[k] == '\n' || b[k] == '\r' || b[k] == '\t')) {
      k++;
    }
    return k;
  }

  /** Behind the last index before end that is no white space, but not before start. */
  static int spaceBack(byte[] b, int start, int end) {
    int k = end;
    while (k > start && (b[k - 1] == ' ' || b[k - 1] == '\n' || b[k - 1] == '\r' || b[k - 1] == '\t')) {
      k--;
    }
    return k;
  }

  /**
   * The first index from i on that holds a quote, a backslash, a control character or anything beyond ASCII, or the
   * end.
   */
  static int plain(byte[] b, int i) {
    int k = i;
    while (k <= b.length - 8) {
      long word = (long) WORD.get(b, k);
      long hit = ((word - ONES * 0x20) | ((word ^ ONES * '"') - ONES) | ((word ^ ONES * '\\') - ONES) | word) & HIGH;
      if (hit != 0) {
        return k + (Long.numberOfTrailingZeros(hit) >> 3);
      }
      k += 8;
    }
    while (k < b.length && b[k] >= 0x20 && b[k] != '"' && b[k] != '\\') {
      k++;
    }
    return k;
  }

  /** Behind the closing quote of the string whose opening quote is at i. */
  static int string(byte[] b, int i) {
    int k = i + 1;
    while (true) {
      k = quoteOrBackslash(b, k);
      if (b[k] == '"') {
        return k + 1;
      }
      k += 2;
    }
  }

  private static int quoteOrBackslash(byte[] b, int i) {
    int k = i;
    while (k <= b.length - 8) {
      long word = (long) WORD.get(b, k);
      long quote = word ^ ONES * '"';
      long slash = word ^ ONES * '\\';
      long hit = (((quote - ONES) & ~quote) | ((slash - ONES) & ~slash)) & HIGH;
      if (hit != 0) {
        return k + (Long.numberOfTrailingZeros(hit) >> 3);
      }
      k += 8;
    }
    while (b[k] != '"' && b[k] != '\\') {
      k++;
    }
    return k;
  }

  /** Behind the value that begins at i. */
  static int value(byte[] b, int i) {
    return switch (b[i]) {
      case '"' -> string(b, i);
      case '{', '[' -> container(b, i);
      default -> scalar(b, i);
    };
  }

  private static int container(byte[] b, int i) {
    int depth = 0;
    int k = i;
    do {
      switch (b[k]) {
        case '"' -> k = string(b, k) - 1;
        case '{', '[' -> depth++;
        case '}', ']' -> depth--;
        default -> { }
      }
      k++;
    } while (depth > 0);
    return k;
  }

  private static int scalar(byte[] b, int i) {
    int k = i;
    while (k < b.length && b[k] > ' ' && b[k] != ',' && b[k] != ']' && b[k] != '}') {
      k++;
    }
    return k;
  }

  /** Where the value begins whose name ends before i. */
  static int behindColon(byte[] b, int i) {
    return space(b, space(b, i) + 1);
  }

  /** The characters of the string from its opening quote at start to behind its closing one at end. */
  static String decode(byte[] b, int start, int end) {
    String raw = new String(b, start + 1, end - start - 2, StandardCharsets.UTF_8);
    int slash = raw.indexOf('\\');
    if (slash < 0) {
      return raw;
    }
    StringBuilder text = new StringBuilder(raw.length());
    int from = 0;
    while (slash >= 0) {
      text.append(raw, from, slash);
      char kind = raw.charAt(slash + 1);
      from = slash + (kind == 'u' ? 6 : 2);
      text.append(kind == 'u' ? (char) Integer.parseInt(raw, slash + 2, from, 16) : unescaped(kind));
      slash = raw.indexOf('\\', from);
    }
    return text.append(raw, from, raw.length()).toString();
  }

  private static char unescaped(char kind) {
    return switch (kind) {
      case 'b' -> '\b';
      case 'f' -> '\f';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      default -> kind;
    };
  }

  static int hexDigit(int c) {
    if (c >= '0' && c <= '9') {
      return c - '0';
    }
    int letter = c | 0x20;
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
  }
}
