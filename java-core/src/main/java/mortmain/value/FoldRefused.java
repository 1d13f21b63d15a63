package mortmain.value;

/**
 * A delta does not apply to the current value: the error code WRONG_TYPE. Never retried: it stays refused until
 * somebody writes another value.
 *
 * <p>Thread-safe: immutable but for what every Throwable has.
 */
public final class FoldRefused extends Exception {
  private static final long serialVersionUID = 1L;
  private static final int SHOWN = 100;

  private final String expected;
  private final String actual;

  /** Both are noun phrases such as {@code a list}; a long one is cut, because it may quote a value. */
  public FoldRefused(String expected, String actual) {
    super("expected " + expected + ", found " + shorten(actual));
    this.expected = expected;
    this.actual = shorten(actual);
  }

  /** What the delta applies to, as a noun phrase. */
  public String expected() {
    return expected;
  }

  /** What is there instead, as a noun phrase of at most about 100 characters. */
  public String actual() {
    return actual;
  }

  private static String shorten(String words) {
    return words.length() <= SHOWN ? words : words.substring(0, SHOWN) + "...";
  }
}
