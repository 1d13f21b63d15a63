package mortmain.value;

/**
 * The gate for JSON texts, and what can be told of one without parsing it whole.
 *
 * <p>Thread-safe: stateless.
 */
public final class Json {
  /**
   * How deep lists and objects may nest. Deep enough for any real state, and a recursion of this depth fits the
   * smallest usual stack.
   */
  public static final int MAX_DEPTH = 1000;

  /**
   * How many digits an exponent may have: any more and it no longer fits an int, and nothing could compute with the
   * number.
   */
  public static final int MAX_EXPONENT_DIGITS = 9;

  /** The six kinds of JSON text. */
  public enum Shape {
    LIST("a list"),
    OBJECT("an object"),
    NUMBER("a number"),
    STRING("a string"),
    BOOLEAN("a boolean"),
    NULL("null");

    private final String words;

    Shape(String words) {
      this.words = words;
    }

    /**
     * Returns the shape as a sentence names it, such as {@code a list}: the form in which {@link FoldRefused}
     * carries it.
     */
    public String words() {
      return words;
    }
  }

  private Json() {}

  /**
   * Returns the shape that the first significant byte announces. Says nothing about the rest of the text.
   *
   * @throws IllegalArgumentException when no JSON text begins like this
   */
  public static Shape shape(byte[] json) {
    int start = Scan.space(json, 0);
    int first = start < json.length ? json[start] : 0;
    return switch (first) {
      case '[' -> Shape.LIST;
      case '{' -> Shape.OBJECT;
      case '"' -> Shape.STRING;
      case 't', 'f' -> Shape.BOOLEAN;
      case 'n' -> Shape.NULL;
      case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9' -> Shape.NUMBER;
      default -> throw new IllegalArgumentException("not a JSON text");
    };
  }

  /**
   * Lets a value pass only when it has the shape that a delta applies to.
   *
   * @throws FoldRefused when it has another one
   */
  public static void require(Shape expected, byte[] json) throws FoldRefused {
    Shape actual = shape(json);
    if (actual != expected) {
      throw new FoldRefused(expected.words(), actual.words());
    }
  }

  /**
   * Checks that the bytes are one well-formed JSON text: strict RFC 8259 in valid UTF-8, no lone surrogate (written
   * as an escape or not), lists and objects nested at most {@link #MAX_DEPTH} deep, exponents of at most {@link
   * #MAX_EXPONENT_DIGITS} digits. Members may repeat a name. One pass, no tree: about 1 ms for 1 MB.
   *
   * @return null when it is, else what is wrong, with the offset in bytes
   */
  public static String problem(byte[] json) {
    return new Checker(json).problem();
  }
}
