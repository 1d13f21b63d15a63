package mortmain.fence;

import static mortmain.fence.FakeView.OTHER;
import static mortmain.fence.FakeView.THEIRS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.List;
import java.util.Map;
import mortmain.Request;
import mortmain.model.ErrorCode;
import mortmain.model.Guard;
import mortmain.model.Limits;
import mortmain.model.Write;
import org.junit.jupiter.api.Test;

/** The phantom, and the zombie that deletes what it listed. */
class UnchangedSinceTest {
  private static Request delete(long revision) {
    return Request.by("me").guard(new Guard.UnchangedSince("p/", revision)).write(new Write.DeletePrefix("p/"));
  }

  @Test
  void aWriteBelowThePrefixAfterTheScanIsAConflict() {
    Request request = Request.by("me").guard(new Guard.UnchangedSince("p/", 39)).increment("n", "1");
    var rejection = Judged.rejected(new FakeView(), request, ErrorCode.VERSION_CONFLICT);
    Judged.says(rejection, Map.of("prefix", "p/", "expected", 39L, "actual", 40L), "revision 40", "revision 39", "scan it again");
    assertNull(rejection.current());
  }

  @Test
  void aWriteAtTheRevisionOfTheScanWasSeen() {
    Judged.accepted(new FakeView(), Request.by("me").guard(new Guard.UnchangedSince("p/", 40)).increment("n", "1"));
  }

  @Test
  void deletingWhatWasListedBeforeAReclamationIsFenced() {
    FakeView view = new FakeView().with(FakeView.reclaimed(OTHER, THEIRS));
    var rejection = Judged.rejected(view, delete(44), ErrorCode.FENCED);
    assertEquals(2L, rejection.failures().get(0).details().get("epoch"));
    Judged.accepted(view, delete(45));
  }

  @Test
  void aGuardOnNoPrefixWouldHoldForEver() {
    Guard guard = new Guard.UnchangedSince("p", 50);
    assertEquals("prefix", field(Request.by("me").guard(guard).increment("n", "1")));
    assertEquals("prefix", CommitShape.guards(List.of(guard)).failures().get(0).details().get("field"));
    assertEquals("prefix", field(Request.by("me").write(new Write.DeletePrefix("p"))));
  }

  @Test
  void aPrefixWithMoreKeysThanAFrameHoldsIsRefusedWhole() {
    FakeView view = new FakeView().with(FakeView.reclaimed(OTHER, THEIRS));
    var verdict = new CommitRule(view, delete(50).commit(), 0, false, 200).judge();
    Judged.accepted(verdict);
    var rejection = Judged.rejected(new CommitRule(view, delete(50).commit(), 0, false, 100).judge(), ErrorCode.TOO_LARGE);
    assertEquals(100L, rejection.failures().get(0).details().get("limit"));
  }

  @Test
  void deletingAPrefixNeedsABaseWithAnEpoch() {
    Write write = new Write.DeletePrefix("p/");
    assertEquals("base", field(Request.by("me").write(write)));
    assertEquals("base", field(Request.by("me").write(write).guard(new Guard.VersionIs(OTHER, 6, 66))));
    assertEquals("base", field(Request.by("me").write(write).guard(new Guard.UnchangedSince("q/", 50))));
    assertNull(CommitShape.problem(Request.by("me").write(write).guard(new Guard.VersionIs(OTHER, 6, 66), new Guard.EpochIs(OTHER, 3)).commit(), Limits.DEFAULT));
    assertNull(CommitShape.problem(delete(50).commit(), Limits.DEFAULT));
  }

  private static Object field(Request request) {
    return CommitShape.problem(request.commit(), Limits.DEFAULT).failures().get(0).details().get("field");
  }
}
