package mortmain.value;

import static mortmain.value.RandomJson.bytes;
import static mortmain.value.RandomJson.string;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import org.junit.jupiter.api.Test;

final class MergePatchTest {
  private static String apply(String object, String patch) {
    return string(MergePatch.apply(object == null ? null : bytes(object), bytes(patch)));
  }

  /** Appendix A of RFC 7396, without the cases whose patch or target is no object. */
  @Test
  void theExamplesOfRfc7396() {
    String[][] cases = {
      {"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
      {"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
      {"{\"a\":\"b\"}", "{\"a\":null}", "{}"},
      {"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"},
      {"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
      {"{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"},
      {"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}"},
      {"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
      {"{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}"},
      {"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"},
      {
        "{\"title\":\"Goodbye!\",\"author\":{\"givenName\":\"John\",\"familyName\":\"Doe\"},\"tags\":[\"example\",\"sample\"],\"content\":\"This will be unchanged\"}",
        "{\"title\":\"Hello!\",\"phoneNumber\":\"+01-123-456-7890\",\"author\":{\"familyName\":null},\"tags\":[\"example\"]}",
        "{\"title\":\"Hello!\",\"author\":{\"givenName\":\"John\"},\"tags\":[\"example\"],\"content\":\"This will be unchanged\",\"phoneNumber\":\"+01-123-456-7890\"}"
      }
    };
    for (String[] example : cases) {
      assertEquals(example[2], apply(example[0], example[1]));
    }
  }

  @Test
  void whatThePatchDoesNotNameKeepsItsBytes() {
    assertEquals(
        "{\"\\u0061\":1.50,\"big\":123456789012345678901234567890,\"l\":[ 1,  2e0 ],\"x\":2.0}",
        apply("{ \"\\u0061\" : 1.50, \"big\":123456789012345678901234567890, \"l\":[ 1,  2e0 ], \"x\":1 }", "{\"x\":2.0}"));
  }

  @Test
  void membersKeepTheirOrderAndNewOnesFollowInTheOrderOfThePatch() {
    assertEquals("{\"c\":1,\"a\":9,\"b\":3,\"z\":0,\"d\":{\"y\":1,\"x\":2}}", apply("{\"c\":1,\"a\":2,\"b\":3}", "{\"z\":0,\"a\":9,\"d\":{\"y\":1,\"n\":null,\"x\":2}}"));
  }

  @Test
  void nothingChangedIsTheSameArray() {
    byte[] object = bytes(" {\"a\": 1, \"o\": {\"x\": [1]}} ");
    for (String patch : new String[] {"{}", "{\"a\":1}", "{\"o\":{}}", "{\"o\":{\"x\":[1]}}", "{\"gone\":null}", "{\"o\":{\"gone\":null}}", "{\"\\u0061\":1}"}) {
      assertSame(object, MergePatch.apply(object, bytes(patch)), patch);
    }
  }

  @Test
  void anotherNotationOfANumberIsAChange() {
    assertEquals("{\"a\":1.0}", apply("{\"a\":1}", "{\"a\":1.0}"));
  }

  @Test
  void anAbsentKeyBecomesAnObject() {
    assertEquals("{}", apply(null, "{}"));
    assertEquals("{\"a\":{}}", apply(null, "{\"a\":{\"b\":null},\"c\":null}"));
  }

  @Test
  void namesAreComparedDecoded() {
    assertEquals("{\"\\u0061\":2}", apply("{\"\\u0061\":1}", "{\"a\":2}"));
    assertEquals("{}", apply("{\"a\":1}", "{\"\\u0061\":null}"));
  }

  @Test
  void aNameThatStandsTwiceIsMergedSoThatTheLastOneCounts() {
    assertEquals("{\"b\":0}", apply("{\"a\":1,\"b\":0,\"a\":2}", "{\"a\":null}"));
    assertEquals(5, Oracle.tree(MergePatch.apply(bytes("{\"a\":1,\"a\":2}"), bytes("{\"a\":4,\"a\":5}"))).get("a").asInt());
  }

  @Test
  void agreesWithThePseudoCodeOfTheRfc() {
    RandomJson json = new RandomJson(5);
    int changed = 0;
    for (int round = 0; round < 60_000; round++) {
      byte[] object = json.object(3);
      byte[] patch = json.object(3);
      byte[] result = MergePatch.apply(object, patch);
      assertNull(Json.problem(result), () -> string(result));
      assertTrue(
          Oracle.equal(Oracle.merged(Oracle.tree(object), Oracle.tree(patch)), Oracle.tree(result)),
          () -> string(object) + " with " + string(patch) + " is " + string(result));
      byte[] again = MergePatch.apply(result, patch);
      assertSame(result, again, "a patch applied twice changes nothing more");
      changed += result.length == object.length ? 0 : 1;
    }
    assertTrue(changed > 10_000);
  }

  @Test
  void onlyObjectsArePatched() {
    assertThrows(IllegalArgumentException.class, () -> apply("[]", "{}"));
    assertThrows(IllegalArgumentException.class, () -> apply("{}", "[]"));
  }

  private static String cut(String object, String patch) {
    return string(MergePatch.cut(bytes(object), bytes(patch)));
  }

  @Test
  void aBaseIsCutDownToTheLeavesOfThePatch() {
    String object = "{\"a\": 1, \"b\": {\"c\": [1, 2], \"d\": 2.50}, \"e\": {\"f\": 1}, \"g\": 0}";
    assertEquals("{\"a\":1}", cut(object, "{\"a\":5}"));
    assertEquals("{\"b\":{\"d\":2.50},\"g\":0}", cut(object, "{\"g\":null,\"b\":{\"d\":{},\"no\":1},\"no\":2}"));
    assertEquals("{\"e\":{\"f\": 1}}", cut(object, "{\"e\":null}"));
    assertEquals("{\"e\":{}}", cut(object, "{\"e\":{}}"));
    assertEquals("{\"a\":1}", cut(object, "{\"a\":{\"b\":1}}"), "what stands in place of the object");
    assertEquals("{}", cut(object, "{}"));
  }

  private static Optional<String> changed(String current, String base, String patch) {
    return MergePatch.firstChanged(current == null ? null : bytes(current), bytes(base), bytes(patch));
  }

  @Test
  void aLeafThatSomebodyElseChangedIsFound() {
    assertEquals(Optional.of("/a"), changed("{\"a\":2}", "{\"a\":1}", "{\"a\":3}"));
    assertEquals(Optional.of("/a"), changed("{}", "{\"a\":null}", "{\"a\":3}"), "missing is not null");
    assertEquals(Optional.of("/a"), changed("{\"a\":1}", "{}", "{\"a\":3}"));
    assertEquals(Optional.of("/a"), changed(null, "{\"a\":1}", "{\"a\":3}"));
    assertEquals(Optional.of("/a"), changed("[1]", "{\"a\":1}", "{\"a\":3}"));
    assertEquals(Optional.of("/o/x"), changed("{\"o\":{\"x\":2}}", "{\"o\":{\"x\":1}}", "{\"o\":{\"x\":3}}"));
    assertEquals(Optional.of("/o~1p~0q/x"), changed("{\"o/p~q\":{\"x\":2}}", "{\"o/p~q\":{\"x\":1}}", "{\"o/p~q\":{\"x\":3}}"));
    assertEquals(Optional.of("/b"), changed("{\"a\":0,\"b\":0}", "{\"a\":1,\"b\":1}", "{\"b\":3,\"a\":3}"), "in the order of the patch");
  }

  @Test
  void anObjectThatSomebodyElseReplacedIsFound() {
    assertEquals(Optional.of("/o"), changed("{\"o\":5}", "{}", "{\"o\":{\"x\":3}}"));
    assertEquals(Optional.of("/o"), changed("{\"o\":5}", "{\"o\":{}}", "{\"o\":{\"x\":3}}"));
    assertEquals(Optional.of("/o"), changed("{\"o\":5}", "{\"o\":{\"x\":1}}", "{\"o\":{}}"));
    assertEquals(Optional.of("/o"), changed("{\"o\":{}}", "{\"o\":5}", "{\"o\":{\"x\":3}}"));
    assertEquals(Optional.of("/o/x"), changed("{}", "{\"o\":{\"x\":1}}", "{\"o\":{\"x\":3}}"));
    assertEquals(Optional.of("/o"), changed("{}", "{\"o\":{\"x\":1}}", "{\"o\":{}}"), "the patch would put an empty one there");
    assertEquals(Optional.of("/o"), changed("{}", "{\"o\":{\"x\":1}}", "{\"o\":{\"y\":null}}"), "the patch would put an empty one there");
  }

  @Test
  void whatThePatchDoesNotNameMayChange() {
    assertEquals(Optional.empty(), changed("{\"a\":1.0,\"b\":2}", "{\"a\":1,\"b\":1}", "{\"a\":3}"));
    assertEquals(Optional.empty(), changed("{\"o\":{\"x\":1,\"y\":2}}", "{\"o\":{\"y\":1,\"x\":1}}", "{\"o\":{\"x\":3}}"));
    assertEquals(Optional.empty(), changed("{\"o\":{\"y\":2}}", "{}", "{\"o\":{\"x\":3}}"), "an absent object is one without the leaf");
    assertEquals(Optional.empty(), changed("{\"o\":{\"y\":2}}", "{\"o\":{\"y\":1}}", "{\"o\":{}}"));
    assertEquals(Optional.empty(), changed("{\"l\":[1, {\"p\":1,\"q\":2}]}", "{\"l\":[1.0,{\"q\":2,\"p\":1}]}", "{\"l\":3}"));
  }

  @Test
  void aCutBaseGuardsLikeTheWholeOne() {
    RandomJson json = new RandomJson(6);
    int found = 0;
    for (int round = 0; round < 60_000; round++) {
      byte[] base = json.object(2);
      byte[] patch = json.object(2);
      byte[] current = round % 2 == 0 ? json.object(2) : MergePatch.apply(base, json.object(1));
      byte[] cut = MergePatch.cut(base, patch);
      assertNull(Json.problem(cut), () -> string(cut));
      Optional<String> whole = MergePatch.firstChanged(current, base, patch);
      assertEquals(whole, MergePatch.firstChanged(current, cut, patch), () -> string(base) + " " + string(patch) + " " + string(current));
      assertEquals(Optional.empty(), MergePatch.firstChanged(base, cut, patch));
      found += whole.isPresent() ? 1 : 0;
    }
    assertTrue(found > 5_000 && found < 55_000, "found " + found);
  }

  /** Two patches whose guards pass in either order give the same value: that is what the guard is for. */
  @Test
  void patchesThatPassEachOthersGuardsCommute() {
    RandomJson json = new RandomJson(7);
    int passed = 0;
    for (int round = 0; round < 60_000; round++) {
      byte[] base = json.object(2);
      byte[] p = json.object(2);
      byte[] q = json.object(2);
      byte[] afterP = MergePatch.apply(base, p);
      byte[] afterQ = MergePatch.apply(base, q);
      if (MergePatch.firstChanged(afterP, base, q).isEmpty() && MergePatch.firstChanged(afterQ, base, p).isEmpty()) {
        assertTrue(Canonical.equal(MergePatch.apply(afterP, q), MergePatch.apply(afterQ, p)), () -> string(base) + " " + string(p) + " " + string(q));
        passed++;
      }
    }
    assertTrue(passed > 5_000, "passed " + passed);
  }

  @Test
  void deepNestingIsLinear() {
    Depth.doesNotMultiplyTheTime(depth -> {
      String open = "{\"a\":".repeat(depth);
      String close = "}".repeat(depth);
      byte[] object = bytes(open + "{\"x\":" + Depth.payload() + "}" + close);
      byte[] patch = bytes(open + "{\"y\":" + Depth.payload() + "}" + close);
      return () -> {
        assertEquals(Optional.empty(), MergePatch.firstChanged(object, object, patch));
        assertTrue(MergePatch.apply(object, patch).length > 2 * Depth.payload().length());
      };
    });
  }
}
