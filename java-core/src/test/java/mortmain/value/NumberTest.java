package mortmain.value;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class NumberTest {
  private static void refused(String number, String delta) {
    FoldRefused refused = assertThrows(FoldRefused.class, () -> Numbers.add(number, delta), number + " + " + delta);
    assertEquals("expected " + refused.expected() + ", found " + refused.actual(), refused.getMessage());
  }

  @Test
  void integersStayIntegers() throws FoldRefused {
    assertEquals("3", Numbers.add("1", "2"));
    assertEquals("-1", Numbers.add("1", "-2"));
    assertEquals("0", Numbers.add("-0", "0"));
    assertEquals("9223372036854775807", Numbers.add("9223372036854775806", "1"));
    assertEquals("-9223372036854775808", Numbers.add("-9223372036854775807", "-1"));
  }

  @Test
  void overflowIsRefusedAndNeverWraps() {
    refused("9223372036854775807", "1");
    refused("-9223372036854775808", "-1");
    refused("9223372036854775808", "0");
    refused("0", "123456789012345678901234567890");
  }

  @Test
  void decimalsKeepTheirDigits() throws FoldRefused {
    assertEquals("0.3", Numbers.add("0.1", "0.2"));
    assertEquals("1.75", Numbers.add("1.50", "0.25"));
    assertEquals("2.00", Numbers.add("1.5", "0.50"));
    assertEquals("1.50", Numbers.add("0", "1.50"));
    assertEquals("9223372036854775808.5", Numbers.add("9223372036854775807", "1.5"));
    assertEquals("0.0", Numbers.add("-0.5", "0.5"));
  }

  @Test
  void aDecimalNeverTurnsIntoAnInteger() throws FoldRefused {
    assertEquals("100001.0", Numbers.add("1e5", "1"));
    assertEquals("2E+5", Numbers.add("1e5", "1e5"));
    assertEquals("1.0", Numbers.add("1", "0e0"));
  }

  @Test
  void decimalsAreBounded() throws FoldRefused {
    refused("1e999999999", "1");
    refused("1", "1e-999999999");
    refused("1e300", "1");
    refused("0." + "1".repeat(65), "0");
    refused("0." + "0".repeat(2_000), "0");
    assertEquals("0." + "1".repeat(64), Numbers.add("0." + "1".repeat(64), "0"));
    assertEquals("2E+400", Numbers.add("1e400", "1e400"));
    refused("9e400", "1e400");
  }

  @Test
  void whatIsNoNumberIsRefused() {
    for (String text : new String[] {"", "NaN", "Infinity", "1.", "+1", "01", "0x1", "\"1\"", "null", "[1]", "1 2", "\u0661"}) {
      refused(text, "1");
      refused("1", text);
    }
  }

  @Test
  void whiteSpaceAroundANumberDoesNotCount() throws FoldRefused {
    assertEquals("3", Numbers.add(" 1\n", "2 "));
    assertEquals("3.5", Numbers.add(" 1\n", "2.5 "));
  }

  @Test
  void sumsAreExactAndDoNotDependOnTheOrder() throws FoldRefused {
    Random random = new Random(11);
    for (int round = 0; round < 30_000; round++) {
      BigDecimal a = new BigDecimal(new BigInteger(1 + random.nextInt(60), random), random.nextInt(20));
      BigDecimal b = new BigDecimal(new BigInteger(1 + random.nextInt(60), random), random.nextInt(20)).negate();
      String sum = Numbers.add(a.toString(), b.toString());
      assertEquals(0, a.add(b).compareTo(new BigDecimal(sum)));
      assertNull(Json.problem(RandomJson.bytes(sum)), sum);
      assertEquals(sum, Numbers.add(b.toString(), a.toString()));
    }
  }
}
