package mortmain.value;

import static mortmain.value.RandomJson.bytes;
import static mortmain.value.RandomJson.string;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.junit.jupiter.api.Test;

final class GrowingListTest {
  private static List<String> items(String list) {
    return Lists.items(bytes(list)).stream().map(RandomJson::string).toList();
  }

  private static String tail(int n, String... inners) {
    return string(Lists.tail(java.util.Arrays.stream(inners).map(RandomJson::bytes).toList(), n));
  }

  @Test
  void itemsAreTheRawTexts() {
    assertEquals(List.of(), items(" [ \n ] "));
    assertEquals(List.of("1.50", "\"],[\"", "[ 1 , 2 ]", "{\"a\" : \"}\"}", "null"), items("[1.50 ,\"],[\", [ 1 , 2 ],{\"a\" : \"}\"}\t,null ] "));
    assertEquals(List.of("\"\\\\\"", "\"\\\"\""), items("[\"\\\\\",\"\\\"\"]"));
  }

  @Test
  void innerIsTrimmed() {
    assertEquals("", string(Lists.inner(bytes(" [ ] "))));
    assertEquals("1, [2 ]", string(Lists.inner(bytes("\n[ 1, [2 ]\t]\n"))));
  }

  @Test
  void emptyInnersLeaveNoComma() {
    assertEquals("[]", string(Lists.wrap(List.of())));
    assertEquals("[]", string(Lists.wrap(List.of(bytes(""), bytes("")))));
    assertEquals("[1,2,3]", string(Lists.wrap(List.of(bytes(""), bytes("1"), bytes(""), bytes("2,3"), bytes("")))));
    assertEquals("1,2", string(Lists.join(List.of(bytes("1"), bytes("2")))));
  }

  @Test
  void theTailSpansPieces() {
    assertEquals("[]", tail(0, "1,2"));
    assertEquals("[2]", tail(1, "1,2"));
    assertEquals("[2, 3,4]", tail(3, "0", "1,2, 3", "", "4").replace("2,3", "2, 3"));
    assertEquals("[1,2]", tail(9, "1,2"));
    assertEquals("[]", tail(9));
    assertThrows(IllegalArgumentException.class, () -> tail(-1, "1"));
  }

  @Test
  void theTailAsksForNoMorePiecesThanItNeeds() {
    List<Integer> asked = new ArrayList<>();
    Iterator<byte[]> pieces = new Iterator<>() {
      private int next = 9;

      @Override
      public boolean hasNext() {
        return next >= 0;
      }

      @Override
      public byte[] next() {
        asked.add(next);
        return bytes("\"" + next-- + "a\",\"b\"");
      }
    };
    assertEquals("[\"b\",\"9a\",\"b\"]", string(Lists.tail(pieces, 3)));
    assertEquals(List.of(9, 8), asked);
  }

  @Test
  void splittingAndJoiningGivesTheListBack() {
    RandomJson json = new RandomJson(8);
    for (int round = 0; round < 20_000; round++) {
      byte[] list = bytes("[" + string(json.text(2)) + "," + string(json.text(3)) + "]");
      List<byte[]> items = Lists.items(list);
      assertEquals(2, items.size());
      assertEquals(2, Lists.count(list));
      byte[] whole = Lists.wrap(items);
      assertEquals(Oracle.tree(list), Oracle.tree(whole));
      assertEquals(2, Lists.countInner(Lists.inner(list)));
      assertArrayEquals(whole, Lists.tail(items, 2));
      assertEquals(string(items.get(1)), string(Lists.inner(Lists.tail(List.of(Lists.inner(list)), 1))));
    }
  }

  @Test
  void countsWithoutItems() {
    assertEquals(0, Lists.count(bytes("[]")));
    assertEquals(0, Lists.countInner(bytes("")));
    assertEquals(3, Lists.count(bytes(" [[1,2],{\"a\":[3,4]},5] ")));
  }
}
