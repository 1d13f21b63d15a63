package mortmain.fence;

import static java.nio.charset.StandardCharsets.UTF_8;
import static mortmain.fence.FakeView.K;
import static mortmain.fence.FakeView.OTHER;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.List;
import java.util.Map;
import mortmain.model.Call;
import mortmain.model.Commit;
import mortmain.model.ErrorCode;
import mortmain.model.Guard;
import mortmain.model.Item;
import mortmain.model.Key;
import mortmain.model.Limits;
import mortmain.model.Rejection;
import mortmain.model.Ticket;
import mortmain.model.Value;
import mortmain.model.Write;
import org.junit.jupiter.api.Test;

/** What is wrong whatever the state is, at the limit and one beyond. */
class CommitShapeTest {
  /** Values of 10 bytes, 3 keys, commits of 25 bytes, 2 pairs of meta with 8 bytes. */
  private static final Limits SMALL = new Limits(10, 1024, 3, 25, 2, 8, 1, 1);

  private static final Guard VERSION = new Guard.VersionIs(K, 1, 1);
  private static final Guard EPOCH = new Guard.EpochIs(K, 1);
  private static final Guard FOLLOWS = new Guard.Follows(K, new Ticket("t", 1, 1, 1));
  private static final Guard ABSENT = new Guard.Absent(K);
  private static final Guard HOLDS = new Guard.Holds(K, "a");
  private static final Write DELETE = new Write.Delete(K, false);
  private static final Write ENSURE = new Write.Ensure(K, value(1));

  private static Value value(int size) {
    return Value.json("1".repeat(size).getBytes(UTF_8));
  }

  private static Write put(int size) {
    return new Write.Put(K, value(size), false);
  }

  private static Item item(int size, String id) {
    return new Item(value(size).bytes(), id);
  }

  private static Commit commit(String id, String writer, Map<String, String> meta, List<Guard> guards, Write... writes) {
    return new Commit(Call.of(id), writer, meta, guards, List.of(writes), null, 0, true, 0);
  }

  private static Rejection shape(List<Guard> guards, Write... writes) {
    return CommitShape.problem(commit("id", "w", Map.of(), guards, writes), SMALL);
  }

  private static void fine(List<Guard> guards, Write... writes) {
    assertNull(shape(guards, writes));
  }

  private static void invalid(String field, Rejection rejection) {
    assertNotNull(rejection);
    assertEquals(ErrorCode.INVALID, rejection.code());
    assertEquals(field, rejection.failures().get(0).details().get("field"));
  }

  private static void tooLarge(String what, long size, long limit, Rejection rejection) {
    assertNotNull(rejection);
    assertEquals(ErrorCode.TOO_LARGE, rejection.code());
    assertEquals(Map.of("size", size, "limit", limit), rejection.failures().get(0).details());
    assertEquals(what + ": " + size + " is above the limit of " + limit, rejection.message());
  }

  @Test
  void aRequestIdHas1To128Bytes() {
    assertNull(CommitShape.requestId("x"));
    assertNull(CommitShape.requestId("ä".repeat(64)));
    invalid("request_id", CommitShape.requestId("ä".repeat(64) + "x"));
    invalid("request_id", CommitShape.requestId(""));
    invalid("request_id", CommitShape.requestId(null));
    invalid("request_id", CommitShape.problem(commit("", "w", Map.of(), List.of(), ENSURE), SMALL));
  }

  @Test
  void aWriterHas1To256Characters() {
    assertNull(CommitShape.problem(commit("id", "w".repeat(256), Map.of(), List.of(), ENSURE), SMALL));
    invalid("writer", CommitShape.problem(commit("id", "w".repeat(257), Map.of(), List.of(), ENSURE), SMALL));
    invalid("writer", CommitShape.problem(commit("id", "", Map.of(), List.of(), ENSURE), SMALL));
  }

  @Test
  void metaHasItsPairsAndItsBytes() {
    assertNull(CommitShape.meta(Map.of("a", "123", "b", "123"), SMALL));
    invalid("meta", CommitShape.meta(Map.of("a", "123", "b", "1234"), SMALL));
    invalid("meta", CommitShape.meta(Map.of("a", "", "b", "", "c", ""), SMALL));
    invalid("meta", CommitShape.problem(commit("id", "w", Map.of("a", "12345678"), List.of(), ENSURE), SMALL));
  }

  @Test
  void aCommitWritesAKeyOnceAsAWholeAndFirst() {
    invalid("writes", shape(List.of()));
    Write append = new Write.Append(K, List.of(item(1, null)));
    fine(List.of(), ENSURE, append, append);
    for (Write second : List.of(ENSURE, DELETE, put(1))) {
      invalid("writes", shape(List.of(VERSION, EPOCH), append, second));
    }
    fine(List.of(VERSION, EPOCH), append, new Write.Ensure(OTHER, value(1)));
  }

  /** A program that appends what is new must not fail where nothing is: it changes nothing. */
  @Test
  void anAppendOfNothingIsNoMistake() {
    fine(List.of(), new Write.Append(K, List.of()));
  }

  @Test
  void aPrefixIsEmptyOrEndsInASlash() {
    for (String prefix : List.of("", "p/")) {
      fine(List.of(new Guard.UnchangedSince(prefix, 1)), new Write.DeletePrefix(prefix));
    }
    invalid("prefix", shape(List.of(new Guard.UnchangedSince("p", 1)), ENSURE));
    invalid("prefix", shape(List.of(VERSION, EPOCH), new Write.DeletePrefix("p")));
  }

  @Test
  void aPutOrDeleteSaysItsBase() {
    for (List<Guard> base : List.of(List.of(VERSION, EPOCH), List.of(FOLLOWS), List.of(EPOCH, HOLDS, VERSION))) {
      fine(base, put(1));
      fine(base, DELETE);
    }
    fine(List.of(ABSENT), put(1));
    invalid("base", shape(List.of(ABSENT), DELETE));
    for (List<Guard> none : List.of(List.<Guard>of(), List.of(VERSION), List.of(EPOCH), List.of(HOLDS), List.of(VERSION, HOLDS))) {
      invalid("base", shape(none, put(1)));
      invalid("base", shape(none, DELETE));
    }
    invalid("base", shape(List.of(VERSION, EPOCH), new Write.Put(OTHER, value(1), false)));
  }

  @Test
  void aDeletedPrefixSaysItsBase() {
    Write delete = new Write.DeletePrefix("p/");
    fine(List.of(new Guard.VersionIs(OTHER, 1, 1), new Guard.EpochIs(OTHER, 1)), delete);
    fine(List.of(new Guard.UnchangedSince("p/", 1)), delete);
    invalid("base", shape(List.of(VERSION, EPOCH), delete));
    invalid("base", shape(List.of(new Guard.Absent(OTHER)), delete));
    invalid("base", shape(List.of(new Guard.UnchangedSince("q/", 1)), delete));
    invalid("base", shape(List.of(), delete));
  }

  @Test
  void everyKindOfWriteHasItsSize() {
    fine(List.of(ABSENT), put(10));
    tooLarge("value", 11, 10, shape(List.of(ABSENT), put(11)));
    tooLarge("value", 11, 10, shape(List.of(), new Write.Ensure(K, value(11))));
    tooLarge("value", 11, 10, shape(List.of(), new Write.Merge(K, value(11))));
    tooLarge("value", 11, 10, shape(List.of(), new Write.AddToSet(K, item(11, null))));
    fine(List.of(), new Write.Append(K, List.of(item(4, "123"), item(3, null))));
    tooLarge("value", 11, 10, shape(List.of(), new Write.Append(K, List.of(item(4, "123"), item(4, null)))));
    fine(List.of(), new Write.Increment(K, "1".repeat(11)));
  }

  @Test
  void aCommitHasItsKeysAndItsBytes() {
    Write first = new Write.Ensure(OTHER, value(10));
    Write second = new Write.Ensure(K, value(10));
    Write third = new Write.Ensure(Key.of("third"), value(5));
    fine(List.of(), first, second, third);
    tooLarge("commit", 26, 25, shape(List.of(), first, second, new Write.Ensure(Key.of("third"), value(6))));
    Guard fourth = new Guard.VersionIs(Key.of("fourth"), 1, 1);
    tooLarge("keys of a commit", 4, 3, shape(List.of(fourth), first, second, third));
    fine(List.of(new Guard.UnchangedSince("x/", 1), VERSION), first, second, third);
  }
}
