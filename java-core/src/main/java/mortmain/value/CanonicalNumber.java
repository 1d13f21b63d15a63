package mortmain.value;

/**
 * ECMAScript's notation of a number (ECMA-262, Number::toString, steps 6 to 12) on the digits that are written, not on
 * a double.
 *
 * <p>Thread-safe: stateless.
 */
final class CanonicalNumber {
  /** From this many digits before the point on, ECMAScript uses an exponent. */
  private static final int PLAIN_DIGITS = 21;
  private static final int PLAIN_ZEROS = 6;

  private CanonicalNumber() {}

  /** Writes the number between start and end. */
  static void write(byte[] in, int start, int end, Bytes out) {
    if (isPlainInteger(in, start, end)) {
      out.add(in, start, end);
      return;
    }
    boolean negative = in[start] == '-';
    StringBuilder digits = new StringBuilder(end - start);
    int i = negative ? start + 1 : start;
    i = digits(in, i, end, digits);
    int point = digits.length();
    if (i < end && in[i] == '.') {
      i = digits(in, i + 1, end, digits);
    }
    int first = 0;
    while (first < digits.length() && digits.charAt(first) == '0') {
      first++;
    }
    int last = digits.length();
    while (last > first && digits.charAt(last - 1) == '0') {
      last--;
    }
    if (first == last) {
      out.add('0'); // also for -0, as in ECMAScript
      return;
    }
    long exponent = i < end ? exponent(in, i + 1, end) : 0;
    if (negative) {
      out.add('-');
    }
    out.add(notation(digits.substring(first, last), point - first + exponent));
  }

  /** An integer that ECMAScript writes without an exponent is canonical as it stands, but for -0. */
  private static boolean isPlainInteger(byte[] in, int start, int end) {
    int digits = in[start] == '-' ? end - start - 1 : end - start;
    if (digits > PLAIN_DIGITS || (in[start] == '-' && in[start + 1] == '0')) {
      return false;
    }
    for (int i = start + 1; i < end; i++) {
      if (in[i] < '0' || in[i] > '9') {
        return false;
      }
    }
    return true;
  }

  private static int digits(byte[] in, int start, int end, StringBuilder digits) {
    int i = start;
    while (i < end && in[i] >= '0' && in[i] <= '9') {
      digits.append((char) in[i++]);
    }
    return i;
  }

  private static long exponent(byte[] in, int start, int end) {
    long exponent = 0;
    for (int i = in[start] == '-' || in[start] == '+' ? start + 1 : start; i < end; i++) {
      exponent = exponent * 10 + (in[i] - '0');
    }
    return in[start] == '-' ? -exponent : exponent;
  }

  /** The number 0.DIGITS times ten to the power of point. */
  private static String notation(String digits, long point) {
    int count = digits.length();
    if (point > 0 && point <= PLAIN_DIGITS) {
      return count <= point
          ? digits + "0".repeat((int) point - count)
          : digits.substring(0, (int) point) + '.' + digits.substring((int) point);
    }
    if (point <= 0 && point > -PLAIN_ZEROS) {
      return "0." + "0".repeat((int) -point) + digits;
    }
    String power = (point > 0 ? "e+" : "e") + (point - 1);
    return count == 1 ? digits + power : digits.charAt(0) + "." + digits.substring(1) + power;
  }
}
