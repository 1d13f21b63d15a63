package mortmain.value;

import static mortmain.value.RandomJson.bytes;
import static mortmain.value.RandomJson.string;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class CanonicalFormTest {
    private static String of(String json) {
        return string(Canonical.of(bytes(json)));
    }

    @Test
    void theExampleOfRfc8785() {
        String json = """
                {
                  "numbers": [333333333.3333333, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
                  "string": "\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\"\\/",
                  "literals": [null, true, false]
                }""";
        assertEquals(
                "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
                        + "\"string\":\"\u20ac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}",
                of(json));
    }

    @Test
    void namesAreSortedByUtf16Units() {
        String json = "{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage Return\",\"\\ufb33\":\"Hebrew Letter Dalet With Dagesh\",\"1\":\"One\","
                + "\"\\ud83d\\ude00\":\"Emoji: Grinning Face\",\"\\u0080\":\"Control\",\"\\u00f6\":\"Latin Small Letter O With Diaeresis\"}";
        assertEquals(
                "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\",\"\u00f6\":\"Latin Small Letter O With Diaeresis\","
                        + "\"\u20ac\":\"Euro Sign\",\"\ud83d\ude00\":\"Emoji: Grinning Face\",\"\ufb33\":\"Hebrew Letter Dalet With Dagesh\"}",
                of(json));
    }

    @Test
    void numbersAreWrittenAsEcmascriptDoes() {
        String[] same = {
            "0", "5e-324", "-5e-324", "1.7976931348623157e+308", "9007199254740992", "-9007199254740992", "295147905179352830000", "9.999999999999997e+22", "1e+23",
            "1.0000000000000001e+23", "999999999999999700000", "999999999999999900000", "1e+21", "9.999999999999997e-7", "0.000001", "333333333.3333332",
            "333333333.3333334", "-0.0000033333333333333333", "1424953923781206.2", "1e-7", "123.456", "100", "-1"
        };
        for (String number : same) {
            assertEquals(number, of(number));
        }
        String[][] others = {
            {"-0", "0"}, {"0.000", "0"}, {"-0e7", "0"}, {"1.0", "1"}, {"1e0", "1"}, {"10e-1", "1"}, {"0.1e1", "1"}, {"1E2", "100"}, {"1e20", "100000000000000000000"}, {"1e21", "1e+21"},
            {"1000000000000000000000", "1e+21"}, {"0.0000001", "1e-7"}, {"-12.50e-1", "-1.25"}, {"1.5e300", "1.5e+300"}, {"1e+007", "10000000"}, {"12e-400", "1.2e-399"}
        };
        for (String[] pair : others) {
            assertEquals(pair[1], of(pair[0]));
        }
    }

    @Test
    void numbersBeyondADoubleStayDistinct() {
        assertEquals("9007199254740993", of("9007199254740993"));
        assertEquals("1.23456789012345678901e+21", of("1234567890123456789010"));
        assertFalse(Canonical.equal(bytes("[0.1]"), bytes("[0.1000000000000000055511151231257827]")));
        assertFalse(Canonical.equal(bytes("1e400"), bytes("1e401")));
        assertEquals("1e+999999999", of("1e999999999"), "no power of ten is multiplied out");
    }

    @Test
    void aNumberIsEqualToEveryNotationOfItAndToNothingElse() {
        Random random = new Random(2);
        for (int round = 0; round < 50_000; round++) {
            BigDecimal number = new BigDecimal(new BigInteger(1 + random.nextInt(80), random), random.nextInt(60) - 30);
            number = random.nextBoolean() ? number.negate() : number;
            BigDecimal other = number.add(BigDecimal.ONE.movePointLeft(number.scale()));
            String canonical = of(number.toString());
            assertEquals(canonical, of(number.toPlainString()));
            assertEquals(canonical, of(number.setScale(number.scale() + 3).toString()));
            assertEquals(canonical, of(number.unscaledValue() + "e" + -number.scale()));
            assertEquals(canonical, of(canonical));
            assertEquals(0, number.compareTo(new BigDecimal(canonical)));
            assertNotEquals(canonical, of(other.toString()));
        }
    }

    @Test
    void theLastMemberOfANameCounts() {
        assertEquals("{\"a\":3,\"b\":2}", of("{\"a\":1,\"b\":2,\"\\u0061\":3}"));
    }

    @Test
    void equalMeansEqualAsAnotherParserSeesIt() {
        RandomJson json = new RandomJson(3);
        int equal = 0;
        for (int round = 0; round < 60_000; round++) {
            byte[] a = json.text(2);
            byte[] b = json.text(2);
            boolean same = Canonical.equal(a, b);
            assertEquals(Oracle.equal(Oracle.tree(a), Oracle.tree(b)), same, () -> string(a) + " and " + string(b));
            assertEquals(same, Canonical.hash(a) == Canonical.hash(b));
            equal += same ? 1 : 0;
        }
        assertTrue(equal > 100, "pairs that were equal: " + equal);
    }

    @Test
    void theCanonicalFormIsTheSameValueAndItsOwnCanonicalForm() {
        RandomJson json = new RandomJson(4);
        for (int round = 0; round < 30_000; round++) {
            byte[] text = json.text(5);
            byte[] canonical = Canonical.of(text);
            assertTrue(Oracle.equal(Oracle.tree(text), Oracle.tree(canonical)), () -> string(text));
            assertEquals(string(canonical), of(string(canonical)));
        }
    }

    /** Hashes may be on disk: they must not change from release to release. The values were computed by another program. */
    @Test
    void hashesKeepTheirValues() {
        assertEquals(0x3ae9e2c9df7280f7L, Canonical.hash(bytes("\"\"")));
        assertEquals(0xf0339e2e56e36e6dL, Canonical.hash(bytes(" {\"b\": [true], \"a\": 1.0}")));
    }

    @Test
    void deepNestingIsLinear() {
        Depth.doesNotMultiplyTheTime(depth -> {
            byte[] json = bytes("{\"b\":".repeat(depth) + Depth.payload() + ",\"a\":0}".repeat(depth));
            return () -> assertEquals(json.length, Canonical.of(json).length);
        });
    }
}
