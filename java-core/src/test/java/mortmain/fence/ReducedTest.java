package mortmain.fence;

import static java.nio.charset.StandardCharsets.UTF_8;
import static mortmain.fence.FakeView.K;
import static mortmain.fence.FakeView.OTHER;
import static mortmain.fence.FakeView.THEIRS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import mortmain.Request;
import mortmain.model.Change;
import mortmain.model.Commit;
import mortmain.model.ErrorCode;
import mortmain.model.Event;
import mortmain.model.Failure;
import mortmain.model.Item;
import mortmain.model.Limits;
import mortmain.model.Receipt;
import mortmain.model.Reduced;
import mortmain.model.Rejection;
import mortmain.model.Value;
import mortmain.model.Write;
import org.junit.jupiter.api.Test;

/** What a function made of a value that the key does not have any more is not committed: the function runs again. */
class ReducedTest {
  private static final Value MADE = Value.json("2".getBytes(UTF_8));
  private static final Failure RAISED = new Failure(ErrorCode.REFUSED_VALUE, K, Map.of(), "it raised");
  private final FakeView view = new FakeView();

  private Verdict<Receipt> judge(Reduced reduced) {
    Commit asked = Request.by("w").write(new Write.Reduce(K, "m:f", Value.json("1".getBytes(UTF_8)), null)).commit();
    return Fence.commit(view, reduced == null ? asked : asked.with(reduced), 77);
  }

  private void unready(Reduced reduced) {
    assertInstanceOf(Verdict.Unready.class, judge(reduced));
  }

  private static Change change(Verdict<Receipt> verdict) {
    List<Change> changes = ((Event.Committed) Judged.events(verdict).get(0)).changes();
    assertEquals(1, changes.size());
    return changes.get(0);
  }

  @Test
  void aFunctionThatHasNotRunHasMadeNothing() {
    unready(null);
  }

  @Test
  void whatWasMadeOfAnotherVersionIsNotCommitted() {
    unready(new Reduced(5, 66, MADE, null));
    unready(new Reduced(7, 66, MADE, null));
    unready(new Reduced(0, 0, null, null));
  }

  @Test
  void whatWasMadeOfTheSameNumberOfAnotherHistoryIsNotCommitted() {
    unready(new Reduced(6, 67, MADE, null));
  }

  @Test
  void whatWasMadeOfTheVersionThatIsThereIsTheNextOne() {
    Change change = change(judge(new Reduced(6, 66, MADE, null)));
    assertEquals(7, change.version());
    assertFalse(change.overwrite());
    assertTrue(change.delta());
  }

  @Test
  void aReclamationDoesNotFenceABareFunction() {
    view.with(new KeyState(K, true, 6, 66, 9, null, null, null, null, "winner", 40));
    assertEquals(9, change(judge(new Reduced(6, 66, MADE, null))).epoch());
  }

  @Test
  void whatIsEqualMakesNoVersion() {
    assertEquals(6, change(judge(new Reduced(6, 66, null, null))).version());
  }

  @Test
  void whatFailedStaysFailedWhateverTheKeyHoldsByThen() {
    Rejection rejection = Judged.rejected(judge(new Reduced(5, 65, null, RAISED)), ErrorCode.REFUSED_VALUE);
    assertEquals(List.of(RAISED), rejection.failures());
  }

  @Test
  void aClaimIsInTheWayBeforeAndAfterItHasRun() {
    view.with(FakeView.claimed(K, THEIRS, Long.MAX_VALUE));
    for (Reduced reduced : new Reduced[] {null, new Reduced(6, 66, MADE, null)}) {
      Verdict<Receipt> verdict = judge(reduced);
      Judged.rejected(verdict, ErrorCode.CLAIM_HELD);
      assertTrue(Judged.canWait(verdict));
    }
  }

  @Test
  void whatIsLargerThanAValueMayBeIsRefusedAndWhatIsAsLargeIsNot() {
    long limit = Limits.DEFAULT.value();
    Judged.rejected(judge(new Reduced(6, 66, ofSize(limit + 1), null)), ErrorCode.TOO_LARGE);
    assertEquals(7, change(judge(new Reduced(6, 66, ofSize(limit), null))).version());
  }

  @Test
  void whatCannotBeKeptIsRefusedAsOfAnyCommit() {
    view.folded = new Folded.TooLarge(11, 10);
    Judged.rejected(judge(new Reduced(6, 66, MADE, null)), ErrorCode.TOO_LARGE);
  }

  private static Rejection shape(Limits limits, Write... writes) {
    Request request = Request.by("w");
    for (Write write : writes) {
      request = request.write(write);
    }
    return CommitShape.problem(request.commit(), limits);
  }

  private static Write asked(String function, String argument) {
    return new Write.Reduce(K, function, Value.json(argument.getBytes(UTF_8)), null);
  }

  @Test
  void itIsAloneInItsCommitAndNamesAFunctionOfAModule() {
    Write fine = asked("a.b:f", "1");
    assertNull(shape(Limits.DEFAULT, fine));
    Write append = new Write.Append(OTHER, List.of(new Item("1".getBytes(UTF_8), null)));
    for (Rejection rejection : List.of(
        shape(Limits.DEFAULT, fine, append), shape(Limits.DEFAULT, append, fine), shape(Limits.DEFAULT, asked("f", "1")))) {
      assertEquals(ErrorCode.INVALID, rejection.code());
      assertTrue(rejection.message().contains("alone in its commit"), rejection::message);
    }
    assertNull(shape(Limits.DEFAULT, append, new Write.Append(K, List.of(new Item("1".getBytes(UTF_8), null)))));
  }

  @Test
  void itsArgumentCountsAsBytesOfItsCommit() {
    Limits small = new Limits(100, 1024, 3, 5, 2, 8, 1, 1);
    assertNull(shape(small, asked("m:f", "12345")));
    assertEquals(ErrorCode.TOO_LARGE, shape(small, asked("m:f", "123456")).code());
  }

  @Test
  void anotherFunctionOrArgumentIsAnotherRequest() {
    Commit asked = Request.by("w").write(asked("m:f", "1")).commit();
    long fingerprint = Fingerprint.of(asked);
    assertNotEquals(fingerprint, Fingerprint.of(Request.by("w").write(asked("m:g", "1")).commit()));
    assertNotEquals(fingerprint, Fingerprint.of(Request.by("w").write(asked("m:f", "2")).commit()));
    assertEquals(fingerprint, Fingerprint.of(asked.with(new Reduced(6, 66, MADE, null))), "what it made is not part of what was asked for");
  }

  private static Value ofSize(long size) {
    return new Value("text/plain", new byte[Math.toIntExact(size)]);
  }
}
