package mortmain.fence;

import static mortmain.fence.FakeView.K;
import static mortmain.fence.FakeView.MINE;
import static mortmain.fence.FakeView.OTHER;
import static mortmain.fence.FakeView.THEIRS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import mortmain.Request;
import mortmain.model.ErrorCode;
import mortmain.model.Guard;
import mortmain.model.Rejection;
import mortmain.model.Write;
import org.junit.jupiter.api.Test;

/** A claimed key is written by its claim alone, and an ended claim writes nothing. */
class HoldsTest {
  private static final long LATER = 7_500_000_000L;

  private static Request put() {
    return Request.by("me").guard(new Guard.VersionIs(K, 6, 66), new Guard.EpochIs(K, 3)).put("k", "1");
  }

  private static Request through(String claimId) {
    return put().guard(new Guard.Holds(K, claimId));
  }

  private static FakeView claimedBy(String claimId) {
    return new FakeView().with(FakeView.claimed(K, claimId, LATER));
  }

  @Test
  void theHolderWritesThroughItsClaim() {
    Judged.accepted(claimedBy(MINE), through(MINE));
  }

  @Test
  void aPutWithoutTheClaimIsHeldUpAtOnce() {
    Verdict<?> verdict = Judged.judge(claimedBy(THEIRS), put());
    Rejection rejection = Judged.rejected(verdict, ErrorCode.CLAIM_HELD);
    Judged.says(rejection, Map.of("holder", "holder of b", "retry_after", 2.5), "claimed by holder of b", "2.5 s", "wait");
    assertEquals(ErrorCode.Retry.WAIT, rejection.retry());
    assertFalse(Judged.canWait(verdict));
  }

  @Test
  void theHoldersNameIsNotEnough() {
    Judged.rejected(claimedBy(THEIRS), Request.by("holder of b").on(new FakeView().snapshot(K)).put("k", "1"), ErrorCode.CLAIM_HELD);
  }

  @Test
  void onlyACommitOfDeltasWaits() {
    assertTrue(Judged.canWait(Judged.judge(claimedBy(THEIRS), Request.by("me").append("k", "1").increment("p/other", "1"))));
    assertFalse(Judged.canWait(Judged.judge(claimedBy(THEIRS), Request.by("me").append("k", "1").create("p/new", "1").guard(new Guard.EpochIs(OTHER, 2)))));
    assertFalse(Judged.canWait(Judged.judge(claimedBy(THEIRS), Request.by("me").append("k", "1").ensure("p/other", "1"))));
  }

  @Test
  void aDeltaThatFailsForAnotherReasonTooDoesNotWait() {
    Verdict<?> verdict = Judged.judge(claimedBy(THEIRS), Request.by("me").guard(new Guard.EpochIs(OTHER, 2)).append("k", "1"));
    Judged.rejected(verdict, ErrorCode.FENCED, ErrorCode.CLAIM_HELD);
    assertFalse(Judged.canWait(verdict));
  }

  @Test
  void ensureLeavesAClaimedKeyThatExistsAlone() {
    FakeView view = claimedBy(THEIRS);
    view.folded = new Folded.To(null, null, false);
    Judged.accepted(view, Request.by("me").ensure("k", "1"));
  }

  @Test
  void aReleasedClaimIsLost() {
    FakeView view = new FakeView().with(FakeView.released(K, MINE));
    Judged.says(Judged.rejected(view, through(MINE), ErrorCode.CLAIM_LOST), Map.of("why", "released"), "was released", "claim it again");
  }

  @Test
  void anUnknownClaimIsLost() {
    Judged.says(Judged.rejected(new FakeView(), through(MINE), ErrorCode.CLAIM_LOST), Map.of("why", "unknown"), "not known");
    Judged.rejected(claimedBy(THEIRS), through(MINE), ErrorCode.CLAIM_LOST, ErrorCode.CLAIM_HELD);
  }

  @Test
  void aReclaimedClaimIsFencedAlsoWithoutItsEpoch() {
    FakeView view = new FakeView().with(FakeView.reclaimed(K, MINE));
    Rejection rejection = Judged.rejected(view, Request.by("me").guard(new Guard.Holds(K, MINE)).append("k", "1"), ErrorCode.FENCED);
    assertEquals(ErrorCode.Retry.CLAIM, rejection.retry());
  }

  @Test
  void deletingAPrefixDoesNotPassAClaimBelowIt() {
    FakeView view = new FakeView().with(FakeView.claimed(OTHER, THEIRS, LATER));
    Request delete = Request.by("me").guard(new Guard.UnchangedSince("p/", 50)).write(new Write.DeletePrefix("p/"));
    Judged.rejected(view, delete, ErrorCode.CLAIM_HELD);
  }
}
