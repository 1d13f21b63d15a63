package mortmain.file;

import static mortmain.Request.by;
import static mortmain.Request.item;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import mortmain.Request;
import mortmain.model.ErrorCode;
import mortmain.model.Write;
import org.junit.jupiter.api.Test;

/** Items are remembered as long as they are in the list, and members are in a set once. */
class ListIdTest extends StoreFixture {
  private static Write append(String json, String id) {
    return new Write.Append(Request.key("l"), List.of(item(json, id)));
  }

  @Test
  void anItemThatThePutBeforeTookAwayIsAppendedAgain() {
    commit(by("a").appendUnique("l", "id1", "1"));
    commit(by("a").on(read("l")).put("l", "[0]").write(append("1", "id1")));
    assertEquals("[0,1]", text("l"));
    commit(by("a").appendUnique("l", "id1", "1"));
    assertEquals("[0,1]", text("l"));
  }

  @Test
  void anItemThatTheDeleteBeforeTookAwayIsAppendedAgain() {
    commit(by("a").appendUnique("l", "id1", "1"));
    commit(by("a").on(read("l")).delete("l").write(append("2", "id1")));
    assertEquals("[2]", text("l"));
    subject.restart();
    commit(by("a").appendUnique("l", "id1", "3"));
    assertEquals("[2]", text("l"));
  }

  @Test
  void twoAppendsOfOneIdInOneCommitAreOne() {
    commit(by("a").write(append("1", "id1")).write(append("2", "id1")));
    assertEquals("[1]", text("l"));
  }

  /** What a refused commit learned about a set must not be taken for what the set holds later. */
  @Test
  void aRefusedAdditionDoesNotHideALaterMember() {
    commit(by("a").add("s", "1").create("word", "\"x\""));
    commit(by("a").add("s", "2"));
    refused(ErrorCode.WRONG_TYPE, by("a").add("s", "3").increment("word", "1"));
    commit(by("a").append("s", "4"));
    assertEquals("false", commit(by("a").add("s", "4")).keys().get(0).result());
    assertEquals("[1,2,4]", text("s"));
  }

  @Test
  void anIncrementByNothingMakesNoVersion() {
    commit(by("a").increment("n", "1.50"));
    commit(by("a").increment("n", "0"));
    assertEquals(1, read("n").version());
    commit(by("a").increment("fresh", "0"));
    assertEquals("0", text("fresh"));
  }
}
