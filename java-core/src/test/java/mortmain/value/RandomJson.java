package mortmain.value;

import java.nio.charset.StandardCharsets;
import java.util.Random;

/** Writes random JSON texts with every freedom that RFC 8259 leaves: white space, escapes, notations of a number. */
final class RandomJson {
  private static final String[] NAMES = {"a", "b", "\\u0061", "c", "\u20ac", "d/e~f", "\ud83d\ude00", "\\ud83d\\ude00", "", "\\n", "zz"};
  private static final String[] NUMBERS = {
    "0", "-0", "1", "1.0", "1e0", "10E-1", "-17", "9007199254740993", "9007199254740992", "0.1", "1e-7", "1E+30", "123456789012345678901234567890", "5e-324"
  };
  private static final String[] STRINGS = {"", "x", "\\\"", "\\\\", "a\\/b", "\\u20ac", "\u20ac", "]}", "{[,:", "long enough for a word or two", "\\ud83d\\ude00", "\\u000f"};

  private final Random random;

  RandomJson(long seed) {
    random = new Random(seed);
  }

  Random random() {
    return random;
  }

  byte[] text(int depth) {
    return bytes(space() + value(depth) + space());
  }

  byte[] object(int depth) {
    return bytes(space() + members(depth) + space());
  }

  String value(int depth) {
    int kind = random.nextInt(depth > 0 ? 8 : 5);
    return switch (kind) {
      case 0 -> NUMBERS[random.nextInt(NUMBERS.length)];
      case 1 -> '"' + STRINGS[random.nextInt(STRINGS.length)] + '"';
      case 2 -> "null";
      case 3 -> random.nextBoolean() ? "true" : "false";
      case 4 -> Integer.toString(random.nextInt(5));
      case 5 -> items(depth);
      default -> members(depth);
    };
  }

  private String items(int depth) {
    StringBuilder list = new StringBuilder("[").append(space());
    for (int i = random.nextInt(4); i > 0; i--) {
      list.append(value(depth - 1)).append(space()).append(i > 1 ? "," + space() : "");
    }
    return list.append(']').toString();
  }

  private String members(int depth) {
    StringBuilder object = new StringBuilder("{").append(space());
    for (int i = random.nextInt(5); i > 0; i--) {
      object.append('"').append(NAMES[random.nextInt(NAMES.length)]).append('"').append(space()).append(':').append(space());
      object.append(value(depth - 1)).append(space()).append(i > 1 ? "," + space() : "");
    }
    return object.append('}').toString();
  }

  private String space() {
    return switch (random.nextInt(8)) {
      case 0 -> " ";
      case 1 -> "\n\t";
      case 2 -> "\r ";
      default -> "";
    };
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static String string(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
