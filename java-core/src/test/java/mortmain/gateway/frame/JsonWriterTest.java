package mortmain.gateway.frame;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The hand-written JSON writer against a real parser. */
final class JsonWriterTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static String written(Object value) {
    JsonWriter json = new JsonWriter(5, 8);
    json.any(value);
    return new String(json.array(), 5, json.end() - 5, UTF_8);
  }

  @Test
  void everyCharacterSurvives() throws IOException {
    for (int point = 0; point <= Character.MAX_CODE_POINT; point++) {
      if (point < Character.MIN_SURROGATE || point > Character.MAX_SURROGATE) {
        String text = "a" + Character.toString(point) + "z";
        assertEquals(text, JSON.readValue(written(text), String.class), "U+" + Integer.toHexString(point));
      }
    }
  }

  @Test
  void loneSurrogatesAreEscaped() throws IOException {
    for (String text : List.of("\ud800", "a\udfff", "\ud800b", "\udc00\ud800", "\ud800\ud800\udc00")) {
      assertEquals(text, JSON.readValue(written(text), String.class));
    }
  }

  @Test
  void numbersKeepEveryDigit() {
    Random random = new Random(3);
    for (int i = 0; i < 100_000; i++) {
      long number = random.nextLong() >> random.nextInt(64);
      assertEquals(Long.toString(number), written(number));
    }
    for (long number : new long[] {0, 9, 10, 99, 100, Long.MAX_VALUE, Long.MIN_VALUE, Long.MIN_VALUE + 1}) {
      assertEquals(Long.toString(number), written(number));
    }
  }

  @Test
  void infinitiesAreNull() {
    assertEquals("[null,null,1.5]", written(List.of(Double.NaN, Double.POSITIVE_INFINITY, 1.5)));
  }

  @Test
  void randomStructuresReadBackEqual() throws IOException {
    Random random = new Random(5);
    for (int i = 0; i < 2_000; i++) {
      Object value = randomValue(random, 4);
      assertEquals(JSON.valueToTree(value), JSON.readTree(written(value)));
    }
  }

  private static Object randomValue(Random random, int depth) {
    return switch (random.nextInt(depth == 0 ? 5 : 7)) {
      case 0 -> null;
      case 1 -> random.nextBoolean();
      case 2 -> random.nextLong();
      case 3 -> random.nextGaussian();
      case 4 -> randomText(random);
      case 5 -> {
        List<Object> list = new ArrayList<>();
        for (int i = random.nextInt(5); i > 0; i--) {
          list.add(randomValue(random, depth - 1));
        }
        yield list;
      }
      default -> {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = random.nextInt(5); i > 0; i--) {
          map.put(randomText(random), randomValue(random, depth - 1));
        }
        yield map;
      }
    };
  }

  private static String randomText(Random random) {
    int[] points = random.ints(random.nextInt(60), 0, 0x11000).filter(p -> p < 0xd800 || p > 0xdfff).toArray();
    return new String(points, 0, points.length);
  }

  @Test
  void blownUpBufferIsDropped() {
    JsonWriter json = new JsonWriter(0, 64);
    json.text("x".repeat(1 << 20));
    assertTrue(json.array().length > 1 << 20);
    json.reset();
    assertEquals(64, json.array().length);
    json.text("y");
    assertEquals("\"y\"", new String(Arrays.copyOf(json.array(), json.end()), UTF_8));
  }
}
