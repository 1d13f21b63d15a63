package mortmain.value;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;

/**
 * Addition of JSON numbers as they are written, without doubles.
 *
 * <p>A number without a point and without an exponent is an integer; integers have 64 bits. Every other number is a
 * decimal; decimals are exact and keep their digits: 1.50 + 0.25 is 1.75, 0.1 + 0.2 is 0.3, and 1.5 + 0.50 is 2.00. A
 * sum is an integer only if both summands are, so that a counter never changes its type by chance.
 *
 * <p>Thread-safe: stateless.
 */
public final class Numbers {
  /** The most digits that a decimal may have, trailing zeros included. A double prints at most 17. */
  public static final int MAX_DIGITS = 64;

  /**
   * The greatest power of ten of a decimal's first digit, either way: every double is inside. Without a bound
   * 1e999999999 + 1 would fill the memory.
   */
  public static final int MAX_EXPONENT = 400;

  private static final int MAX_TEXT = 1024;

  private Numbers() {}

  /**
   * Adds two JSON numbers.
   *
   * @throws FoldRefused when one of them is no number, when integers overflow 64 bits, or when a decimal, also the
   *     sum, is outside {@link #MAX_DIGITS} or {@link #MAX_EXPONENT}
   */
  public static String add(String number, String delta) throws FoldRefused {
    String a = requireNumber(number);
    String b = requireNumber(delta);
    if (isInteger(a) && isInteger(b)) {
      return addIntegers(a, b);
    }
    BigDecimal sum = bounded(decimal(a).add(decimal(b)), a + " + " + b);
    String text = sum.toString();
    return isInteger(text) ? text + ".0" : text;
  }

  private static String addIntegers(String number, String delta) throws FoldRefused {
    try {
      return Long.toString(Math.addExact(Long.parseLong(number), Long.parseLong(delta)));
    } catch (NumberFormatException | ArithmeticException e) {
      throw new FoldRefused("a 64-bit integer", number + " + " + delta);
    }
  }

  private static boolean isInteger(String number) {
    return number.indexOf('.') < 0 && number.indexOf('e') < 0 && number.indexOf('E') < 0;
  }

  private static String requireNumber(String text) throws FoldRefused {
    byte[] json = text.getBytes(StandardCharsets.UTF_8);
    if (Json.problem(json) != null) {
      throw new FoldRefused(Json.Shape.NUMBER.words(), text);
    }
    Json.require(Json.Shape.NUMBER, json);
    if (json.length > MAX_TEXT) {
      throw outside(text);
    }
    return text.strip();
  }

  private static BigDecimal decimal(String text) throws FoldRefused {
    return bounded(new BigDecimal(text), text);
  }

  private static BigDecimal bounded(BigDecimal number, String text) throws FoldRefused {
    long exponent = (long) number.precision() - number.scale() - 1;
    if (number.precision() > MAX_DIGITS || Math.abs(exponent) > MAX_EXPONENT) {
      throw outside(text);
    }
    return number;
  }

  private static FoldRefused outside(String text) {
    String range = "1e-" + MAX_EXPONENT + " to 1e" + MAX_EXPONENT;
    return new FoldRefused("a decimal of at most " + MAX_DIGITS + " digits and of a magnitude from " + range, text);
  }
}
