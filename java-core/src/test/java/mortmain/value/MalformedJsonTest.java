package mortmain.value;

import static mortmain.value.RandomJson.bytes;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class MalformedJsonTest {
  private static final List<String> GOOD = List.of(
      "0", "-0", "-0.0e-0", "1E+2", "1e000000009", "0.10", " [ ] ", "{}", "[[],{}]", "{\"a\":1,\"a\":2}", "\"\"", "\"\\u0000\"", "\"\\ud83d\\ude00\"",
      "\"\\uD83D\\uDE00\"", "\"\\\\ud800\"", "\"\u007f\"", "\"\ud83d\ude00\u20ac\u00e9\"", "true", "false", "null", "\t\r\n null \n",
      "[1 , 2]", "{\"a\" : [ { } ] }", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\u2028\ufeff\uffff\"");

  private static final List<String> BAD = List.of(
      "", " ", "[", "]", "{", "}", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{'a':1}", "{1:1}", "{\"a\":1]", "[1}",
      "01", "-", "-01", "+1", "1.", ".5", "1.e1", "1e", "1e+", "0x1", "1_0", "NaN", "Infinity", "-Infinity", "-a", "nul", "nulll", "True", "tru", "fals",
      "1 2", "{}{}", "[]]", "null,", "\"", "\"a", "\"\\", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u123g\"", "\"\\u 123\"", "\"a\nb\"", "\"\u0000\"", "\"\u001f\"", "\"longer than a word\t\"",
      "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\ud800\"", "\"\\ud800\\n\"", "\"\\ud800x\"", "\"\\ud800\\u0041\"", "\"\\ude00\\ud83d\"", "{\"\\ud800\":1}",
      "\ufeff1", "\u00a01", "\u000b1", "// c\n1", "[1]/**/", "1e1234567890");

  @Test
  void wellFormedTextsPass() {
    for (String text : GOOD) {
      assertNull(Json.problem(bytes(text)), text);
    }
  }

  @Test
  void malformedTextsAreRefusedWithAReason() {
    for (String text : BAD) {
      String problem = Json.problem(bytes(text));
      assertNotNull(problem, text);
      assertTrue(problem.length() < 100, problem);
    }
  }

  @Test
  void theReasonSaysWhere() {
    assertEquals("expected ',' or ']' at offset 3", Json.problem(bytes("[1 2]")));
    assertEquals("expected a value, but the text ends", Json.problem(bytes("[1,")));
    assertEquals("lone surrogate at offset 2", Json.problem(bytes("\"a\\ud800\"")));
    assertEquals("something follows the JSON text at offset 2", Json.problem(bytes("{}x")));
  }

  @Test
  void bytesThatAreNotUtf8AreRefused() {
    int[][] sequences = {
      {0x80}, {0xc0, 0x80}, {0xc1, 0xbf}, {0xc3}, {0xc3, 0x28}, {0xe0, 0x80, 0x80}, {0xe0, 0x9f, 0xbf}, {0xe2, 0x82}, {0xed, 0xa0, 0x80}, {0xed, 0xbf, 0xbf},
      {0xf0, 0x80, 0x80, 0x80}, {0xf0, 0x8f, 0xbf, 0xbf}, {0xf4, 0x90, 0x80, 0x80}, {0xf5, 0x80, 0x80, 0x80}, {0xf8}, {0xff}, {0xf0, 0x9f, 0x98}
    };
    for (int[] sequence : sequences) {
      byte[] text = new byte[sequence.length + 2];
      text[0] = text[text.length - 1] = '"';
      for (int i = 0; i < sequence.length; i++) {
        text[i + 1] = (byte) sequence[i];
      }
      assertNotNull(Json.problem(text), Arrays.toString(sequence));
      assertNotNull(Json.problem(Arrays.copyOf(text, text.length - 1)), Arrays.toString(sequence));
    }
  }

  @Test
  void nestingIsBounded() {
    for (String[] brackets : new String[][] {{"[", "]"}, {"{\"a\":", "}"}}) {
      int most = Json.MAX_DEPTH;
      assertNull(Json.problem(bytes(brackets[0].repeat(most) + "1" + brackets[1].repeat(most))));
      String problem = Json.problem(bytes(brackets[0].repeat(most + 1) + "1" + brackets[1].repeat(most + 1)));
      assertNotNull(problem);
      assertTrue(problem.startsWith("nested deeper than 1000"), problem);
      assertNotNull(Json.problem(bytes(brackets[0].repeat(5_000_000))), "must not overflow the stack");
    }
  }

  @Test
  void everyBracketIsMatchedBeyondSixtyFourLevels() {
    String open = "[{\"a\":".repeat(100);
    String close = "}]".repeat(100);
    assertNull(Json.problem(bytes(open + "1" + close)));
    for (int i = 0; i < close.length(); i++) {
      char other = close.charAt(i) == '}' ? ']' : '}';
      assertNotNull(Json.problem(bytes(open + "1" + close.substring(0, i) + other + close.substring(i + 1))), "bracket " + i);
    }
  }

  @Test
  void agreesWithAnotherParserOnDamagedTexts() {
    RandomJson json = new RandomJson(1);
    Random random = json.random();
    byte[] alphabet = bytes("{}[]\",:\\u0019deE+-. \ntfn\u0001\u20ac\u00e9");
    int refused = 0;
    for (int round = 0; round < 60_000; round++) {
      byte[] text = json.text(4);
      assertNull(Json.problem(text), () -> RandomJson.string(text));
      byte[] damaged = damage(text, random, alphabet);
      String problem = Json.problem(damaged);
      if (problem != null && problem.startsWith("exponent of more than")) {
        continue; // our own limit
      }
      boolean fine = problem == null;
      assertEquals(Oracle.wellFormed(damaged), fine, () -> RandomJson.string(damaged) + ": " + problem);
      refused += fine ? 0 : 1;
    }
    assertTrue(refused > 10_000 && refused < 59_000, "refused " + refused);
  }

  private static byte[] damage(byte[] text, Random random, byte[] alphabet) {
    byte[] damaged = text.clone();
    int at = random.nextInt(damaged.length);
    switch (random.nextInt(3)) {
      case 0 -> damaged = Arrays.copyOf(damaged, at);
      case 1 -> damaged[at] = alphabet[random.nextInt(alphabet.length)];
      default -> System.arraycopy(damaged, at, damaged, Math.max(0, at - 1), damaged.length - at);
    }
    return damaged;
  }

  @Test
  void theShapeIsTheFirstSignificantByte() {
    assertEquals(Json.Shape.LIST, Json.shape(bytes(" \n[1]")));
    assertEquals(Json.Shape.OBJECT, Json.shape(bytes("{}")));
    assertEquals(Json.Shape.NUMBER, Json.shape(bytes("-1")));
    assertEquals(Json.Shape.NUMBER, Json.shape(bytes("9")));
    assertEquals(Json.Shape.STRING, Json.shape(bytes("\"[\"")));
    assertEquals(Json.Shape.BOOLEAN, Json.shape(bytes("false")));
    assertEquals(Json.Shape.NULL, Json.shape(bytes("null")));
    assertThrows(IllegalArgumentException.class, () -> Json.shape(bytes("  ")));
  }

  @Test
  void anotherShapeIsRefusedInWords() throws FoldRefused {
    Json.require(Json.Shape.LIST, bytes("[]"));
    FoldRefused refused = assertThrows(FoldRefused.class, () -> Json.require(Json.Shape.LIST, bytes("{}")));
    assertEquals("a list", refused.expected());
    assertEquals("an object", refused.actual());
    assertEquals("expected a list, found an object", refused.getMessage());
  }
}
