package mortmain.fence;

import static mortmain.fence.FakeView.K;
import static mortmain.fence.FakeView.MINE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.List;
import java.util.Map;
import mortmain.Request;
import mortmain.model.ErrorCode;
import mortmain.model.Guard;
import mortmain.model.Rejection;
import org.junit.jupiter.api.Test;

/** The zombie: the version never moved, but ownership did. */
class EpochIsTest {
  private final FakeView view = new FakeView().with(FakeView.reclaimed(K, MINE));

  private static Request put(long epoch) {
    return Request.by("me").guard(new Guard.VersionIs(K, 6, 66), new Guard.EpochIs(K, epoch)).put("k", "1");
  }

  @Test
  void aSnapshotBeforeAReclamationIsFenced() {
    Rejection rejection = Judged.rejected(view, put(2), ErrorCode.FENCED);
    Map<String, Object> details =
        Map.of("epoch", 2L, "current_epoch", 3L, "reclaimed_by", "expiry", "reclaimed_at", 88_000_000L, "reclaimed_reason", "its time ran out");
    Judged.says(rejection, details, "epoch 2 is behind epoch 3 of k", "by expiry 12 s ago", "read it again and redo");
    assertEquals(ErrorCode.Retry.REREAD, rejection.retry());
  }

  @Test
  void aWriterThroughItsClaimIsToldToClaimAgainAndNeverToReclaim() {
    Rejection rejection = Judged.rejected(view, put(2).guard(new Guard.Holds(K, MINE)), ErrorCode.FENCED, ErrorCode.FENCED);
    assertEquals(ErrorCode.Retry.CLAIM, rejection.retry());
    assertEquals(
        "epoch 2 is behind epoch 3 of k: your claim was reclaimed by expiry 12 s ago; read it again and claim it again", rejection.message());
    assertFalse(rejection.message().contains("reclaim it"));
  }

  @Test
  void aZombieOfAnUnbornKeyIsFenced() {
    FakeView unborn = new FakeView().with(FakeView.unborn(K));
    Request zombie = Request.by("me").guard(new Guard.VersionIs(K, 0, 0), new Guard.EpochIs(K, 2)).put("k", "1");
    Judged.rejected(unborn, zombie, ErrorCode.FENCED);
  }

  @Test
  void aDeltaThroughABaseIsFencedAndABareOneIsNot() {
    Judged.rejected(view, Request.by("me").guard(new Guard.EpochIs(K, 2)).append("k", "1"), ErrorCode.FENCED);
    Judged.accepted(view, Request.by("me").append("k", "1"));
  }

  @Test
  void theCurrentEpochPasses() {
    Judged.accepted(view, put(3));
    Judged.accepted(Fence.check(view, List.of(new Guard.EpochIs(K, 3)), null, 0));
    Judged.rejected(Fence.check(view, List.of(new Guard.EpochIs(K, 2)), null, 0), ErrorCode.FENCED);
  }
}
