package mortmain.engine;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.List;
import java.util.Random;
import mortmain.model.Item;
import mortmain.model.Value;

/** Small values that collide often: numbers that overflow, lists with equal items, objects with few names. */
final class RandomValue {
  private static final List<String> NUMBERS =
      List.of("0", "1", "-7", "1.50", "0.25", "9223372036854775807", "-9223372036854775808", "12345678901", "-0.1");
  private static final List<String> SCALARS = List.of("1", "1.0", "2", "\"a\"", "\"\u00e9\"", "null", "true", "{\"a\":1}", "{\"a\":1.0}", "[1]", "[]");

  private final Random random;

  RandomValue(Random random) {
    this.random = random;
  }

  private <T> T one(List<T> of) {
    return of.get(random.nextInt(of.size()));
  }

  Value value() {
    int kind = random.nextInt(100);
    if (kind < 4) {
      return new Value("text/plain", "some text".getBytes(UTF_8));
    } else if (kind < 8) {
      return new Value("application/json;model=Plan", json().getBytes(UTF_8));
    } else if (kind == 8 && random.nextInt(4) == 0) {
      return Value.json(("\"" + "x".repeat(66_000 + random.nextInt(10)) + "\"").getBytes(UTF_8));
    }
    return Value.json(json().getBytes(UTF_8));
  }

  private String json() {
    return switch (random.nextInt(4)) {
      case 0 -> number();
      case 1 -> list();
      case 2 -> object(true);
      default -> one(SCALARS);
    };
  }

  String number() {
    return one(NUMBERS);
  }

  String list() {
    StringBuilder list = new StringBuilder("[");
    for (int i = random.nextInt(4); i > 0; i--) {
      list.append(list.length() > 1 ? "," : "").append(one(SCALARS));
    }
    return list.append(']').toString();
  }

  /** {@code whole}: without nulls at the top, as values are; a patch takes fields away with them. */
  String object(boolean whole) {
    StringBuilder object = new StringBuilder("{");
    for (String name : List.of("x", "y", "z")) {
      if (random.nextBoolean()) {
        String value = random.nextInt(4) == 0 ? "{\"u\":" + field(whole) + (random.nextBoolean() ? ",\"v\":2}" : "}") : field(whole);
        object.append(object.length() > 1 ? "," : "").append('"').append(name).append("\":").append(value);
      }
    }
    return object.append('}').toString();
  }

  private String field(boolean whole) {
    return !whole && random.nextInt(3) == 0 ? "null" : one(List.of("1", "2", "1.50", "\"s\"", "[1,2]", "{}"));
  }

  Item item(boolean unique) {
    return new Item(one(SCALARS).getBytes(UTF_8), unique ? "id" + random.nextInt(5) : null);
  }
}
