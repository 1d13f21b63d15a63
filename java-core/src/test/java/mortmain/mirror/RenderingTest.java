package mortmain.mirror;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import mortmain.model.Value;
import org.junit.jupiter.api.Test;

/** What a file shows of a value, and what may be a trace of it. */
class RenderingTest {
  private static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }

  private static String indented(String json) {
    return new String(Rendering.of(Value.json(bytes(json))), UTF_8);
  }

  @Test
  void textAndBytesAreAsTheyAre() {
    byte[] text = bytes("{ \"a\" : 1 }\r\n");
    assertArrayEquals(text, Rendering.of(new Value("text/plain", text)));
  }

  @Test
  void jsonIsIndentedAndKeepsItsCharacters() {
    assertEquals("{\n  \"a\": [\n    1.50,\n    {}\n  ],\n  \"b\": \"x, {y}: \\\"[\\\\\"\n}\n", indented("{\"a\":[1.50,{}],\"b\":\"x, {y}: \\\"[\\\\\"}"));
    assertEquals("[]\n", indented("[ ]"));
    assertEquals("\"\\\\\"\n", indented("\"\\\\\""));
    assertEquals("12\n", indented(" 12 "));
  }

  @Test
  void whiteSpaceOfJsonIsNoEditAndEverythingElseIs() {
    Value value = Value.json(bytes("{\"a\":[12,\"x y\"]}"));
    assertTrue(Rendering.shows(bytes("{ \"a\" : [ 12 ,\n\"x y\" ] }\n\n"), value));
    for (String other : new String[] {"{\"a\":[1 2,\"x y\"]}", "{\"a\":[12,\"xy\"]}", "{\"a\":[12,\"x y\"]", "{\"a\":[12,\"x y\"]}}", ""}) {
      assertFalse(Rendering.shows(bytes(other), value), other);
    }
    assertFalse(Rendering.shows(bytes("a b"), new Value("text/plain", bytes("a  b"))));
  }

  @Test
  void aShorterCopyOrOneWithSectorsOfZerosIsTorn() {
    byte[] whole = bytes("x".repeat(1_300));
    Value value = new Value("text/plain", whole);
    for (int length : new int[] {0, 1, 512, 700, 1_300}) {
      assertTrue(Rendering.torn(Arrays.copyOf(whole, length), value), () -> "the first " + length);
    }
    byte[] hole = whole.clone();
    Arrays.fill(hole, 512, 1_024, (byte) 0);
    assertTrue(Rendering.torn(hole, value));
    hole[600] = 'y';
    assertFalse(Rendering.torn(hole, value));
    byte[] half = whole.clone();
    Arrays.fill(half, 520, 1_024, (byte) 0);
    assertFalse(Rendering.torn(half, value));
    assertFalse(Rendering.torn(bytes("x".repeat(1_301)), value));
  }
}
