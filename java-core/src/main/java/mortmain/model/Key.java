package mortmain.model;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;

/**
 * The name of one piece of shared state: a {@code /}-separated path of at most 1 KiB of UTF-8. Ordered by the bytes of its UTF-8
 * form, which is kept instead of a string because a million of them lie in memory.
 */
public final class Key implements Comparable<Key> {
  /** Bytes of UTF-8. */
  public static final int MAX_BYTES = 1024;

  private final byte[] utf8;

  private Key(byte[] utf8) {
    this.utf8 = utf8;
  }

  /**
   * A checked key.
   *
   * @throws MortmainException INVALID, naming the field {@code key} and the reason
   */
  public static Key of(String text) {
    return new Key(checked(text, "key"));
  }

  /** A key from bytes that were checked when they were journaled. */
  public static Key trusted(byte[] utf8) {
    return new Key(utf8);
  }

  /**
   * Checks a prefix: empty, or a key followed by {@code /}.
   *
   * @throws MortmainException INVALID, naming the field {@code prefix}
   */
  public static String checkedPrefix(String text) {
    if (text.isEmpty()) {
      return text;
    }
    if (!text.endsWith("/")) {
      throw Rejection.invalid("prefix", "a prefix is empty or ends in \"/\"").exception();
    }
    checked(text.substring(0, text.length() - 1), "prefix");
    return text;
  }

  private static byte[] checked(String text, String field) {
    if (hasSurrogates(text) && !UTF_8.newEncoder().canEncode(text)) {
      throw Rejection.invalid(field, "not valid Unicode: a lone surrogate").exception();
    }
    byte[] utf8 = text.getBytes(UTF_8);
    String problem = problem(text, utf8.length);
    if (problem != null) {
      throw Rejection.invalid(field, problem).exception();
    }
    return utf8;
  }

  private static boolean hasSurrogates(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        return true;
      }
    }
    return false;
  }

  private static String problem(String text, int bytes) {
    if (bytes == 0) {
      return "empty";
    }
    if (bytes > MAX_BYTES) {
      return bytes + " bytes of UTF-8, the limit is " + MAX_BYTES;
    }
    if (text.charAt(0) == '~') {
      return "names that begin with ~ are reserved";
    }
    int start = 0;
    for (int i = 0; i <= text.length(); i++) {
      if (i == text.length() || text.charAt(i) == '/') {
        if (isEmptyOrDots(text, start, i)) {
          return "a path segment must not be empty, \".\" or \"..\"";
        }
        start = i + 1;
      } else if (Character.isISOControl(text.charAt(i))) {
        return "a control character at position " + i;
      }
    }
    return null;
  }

  private static boolean isEmptyOrDots(String text, int start, int end) {
    for (int i = start; i < end; i++) {
      if (text.charAt(i) != '.') {
        return false;
      }
    }
    return end - start <= 2;
  }

  /** The UTF-8 bytes; not to be changed. */
  public byte[] utf8() {
    return utf8;
  }

  /** Whether this key lies below the prefix given as UTF-8 bytes (an empty one covers all). */
  public boolean startsWith(byte[] prefix) {
    return utf8.length > prefix.length && Arrays.equals(utf8, 0, prefix.length, prefix, 0, prefix.length);
  }

  @Override
  public int compareTo(Key other) {
    return Arrays.compareUnsigned(utf8, other.utf8);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Key key && Arrays.equals(utf8, key.utf8);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(utf8);
  }

  @Override
  public String toString() {
    return new String(utf8, UTF_8);
  }
}
