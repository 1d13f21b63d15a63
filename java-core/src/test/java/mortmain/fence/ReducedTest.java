package mortmain.fence;

import static java.nio.charset.StandardCharsets.UTF_8;
import static mortmain.fence.FakeView.K;
import static mortmain.fence.FakeView.THEIRS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import mortmain.Request;
import mortmain.model.Change;
import mortmain.model.Commit;
import mortmain.model.ErrorCode;
import mortmain.model.Event;
import mortmain.model.Failure;
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

  private static Value ofSize(long size) {
    return new Value("text/plain", new byte[Math.toIntExact(size)]);
  }
}
