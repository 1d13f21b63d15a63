package mortmain.fence;

import static mortmain.fence.FakeView.K;
import static mortmain.fence.FakeView.MINE;
import static mortmain.fence.FakeView.THEIRS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import mortmain.Request;
import mortmain.model.Claim;
import mortmain.model.ClaimRequest;
import mortmain.model.ErrorCode;
import mortmain.model.Event;
import org.junit.jupiter.api.Test;

/** Claim, renew, release and expire. */
class ClaimRulesTest {
  private static final long LATER = 7_500_000_000L;
  private final FakeView view = new FakeView();

  private static ClaimRequest mine() {
    return mine(Long.MAX_VALUE);
  }

  private static ClaimRequest mine(long since) {
    return new ClaimRequest(K, MINE, "me", 1000, 0, null, Long.MAX_VALUE, since);
  }

  @Test
  void aFreeKeyIsGrantedUnderItsEpoch() {
    Verdict<Claim> verdict = Fence.claim(view, mine());
    Claim claim = Judged.accepted(verdict);
    assertEquals(List.of(3L, 6_000_000_000L), List.of(claim.epoch(), claim.expiresAt()));
    assertEquals(51, assertInstanceOf(Event.ClaimGranted.class, Judged.events(verdict).get(0)).revision());
  }

  @Test
  void aHeldKeyIsWaitedFor() {
    view.with(FakeView.claimed(K, THEIRS, LATER));
    Verdict<Claim> verdict = Fence.claim(view, mine());
    Judged.says(Judged.rejected(verdict, ErrorCode.CLAIM_HELD), Map.of("holder", "holder of b", "retry_after", 2.5), "holder of b");
    assertTrue(Judged.canWait(verdict));
  }

  @Test
  void askingAgainWithTheSameIdIsTheSameClaim() {
    view.with(FakeView.claimed(K, MINE, LATER)).readOnly = "full";
    Verdict<Claim> verdict = Fence.claim(view, mine());
    assertEquals(LATER, Judged.accepted(verdict).expiresAt());
    assertTrue(Judged.events(verdict).isEmpty());
  }

  @Test
  void anEndedIdIsNotGrantedAgain() {
    Judged.rejected(Fence.claim(new FakeView().with(FakeView.released(K, MINE)), mine()), ErrorCode.CLAIM_LOST);
    Judged.rejected(Fence.claim(new FakeView().with(FakeView.reclaimed(K, MINE)), mine()), ErrorCode.FENCED);
    Judged.accepted(Fence.claim(new FakeView().with(FakeView.reclaimed(K, THEIRS)), mine()));
  }

  /** Others were granted and ended since, so that the key itself no longer knows the id. */
  @Test
  void anIdThatEndedLongAgoIsNotGrantedAgain() {
    view.with(FakeView.released(K, THEIRS)).remembered.put(MINE, new Event.ClaimGranted(20, 0, K, MINE, "me", 3, 1000));
    Judged.rejected(Fence.claim(view, mine()), ErrorCode.CLAIM_LOST);
  }

  /** It may have been granted, ended and forgotten: a late copy of its request must not bring it back. */
  @Test
  void anUnknownIdFromBeforeTheHorizonIsNotGranted() {
    view.horizon = 30;
    assertTrue(Judged.rejected(Fence.claim(view, mine(29)), ErrorCode.REQUEST_ID_EXPIRED).message().contains(MINE));
    Judged.accepted(Fence.claim(view, mine(30)));
    view.with(FakeView.claimed(K, THEIRS, LATER));
    Judged.rejected(Fence.claim(view, mine(29)), ErrorCode.REQUEST_ID_EXPIRED);
    Judged.rejected(Fence.claim(view, mine(29).waiting()), ErrorCode.CLAIM_HELD);
    view.with(FakeView.claimed(K, MINE, LATER));
    Judged.accepted(Fence.claim(view, mine(29)));
    view.with(FakeView.released(K, MINE));
    Judged.rejected(Fence.claim(view, mine(29)), ErrorCode.CLAIM_LOST);
  }

  @Test
  void aReadOnlyStoreGrantsNothing() {
    view.readOnly = "full";
    Judged.rejected(Fence.claim(view, mine()), ErrorCode.READ_ONLY);
  }

  @Test
  void aClaimOnAnotherStoreIsRefused() {
    ClaimRequest request = new ClaimRequest(K, MINE, "me", 1000, 0, "that store", Long.MAX_VALUE, Long.MAX_VALUE);
    Judged.rejected(Fence.claim(view, request), ErrorCode.STORE_CHANGED);
  }

  @Test
  void onlyTheLiveIdRenews() {
    Verdict<Claim> verdict = Fence.renew(view.with(FakeView.claimed(K, MINE, LATER)), K, MINE, 3);
    assertEquals(6_000_000_000L, Judged.accepted(verdict).expiresAt());
    assertEquals(0, Judged.events(verdict).get(0).revision());
    Judged.rejected(Fence.renew(view, K, THEIRS, 3), ErrorCode.CLAIM_LOST);
    assertEquals(ErrorCode.Retry.CLAIM, Judged.rejected(Fence.renew(view, K, THEIRS, 2), ErrorCode.FENCED).retry());
    Judged.rejected(Fence.renew(new FakeView().with(FakeView.reclaimed(K, MINE)), K, MINE, -1), ErrorCode.FENCED);
    Judged.rejected(Fence.renew(new FakeView().with(FakeView.released(K, MINE)), K, MINE, 3), ErrorCode.CLAIM_LOST);
  }

  @Test
  void theFirstRenewalAfterARestartIsJournaled() {
    Claim old = new Claim(MINE, "me", 3, 1000, LATER, 0, true);
    KeyState state = new KeyState(K, true, 6, 66, 3, old, null, null, null, "winner", 40);
    Verdict<Claim> verdict = Fence.renew(view.with(state), K, MINE, 3);
    assertEquals(51, Judged.events(verdict).get(0).revision());
    assertFalse(Judged.accepted(verdict).inherited());
  }

  @Test
  void onlyTheLiveIdReleases() {
    view.with(FakeView.claimed(K, MINE, LATER));
    assertInstanceOf(Event.ClaimReleased.class, Judged.events(Fence.release(view, K, MINE, 3)).get(0));
    Judged.rejected(Fence.release(view, K, THEIRS, 3), ErrorCode.CLAIM_LOST);
    Judged.rejected(Fence.release(view, K, THEIRS, 2), ErrorCode.FENCED);
  }

  @Test
  void releasingTwiceIsFineBecauseTheAnswerMayHaveBeenLost() {
    Verdict<Boolean> verdict = Fence.release(new FakeView().with(FakeView.released(K, MINE)), K, MINE, 3);
    assertFalse(Judged.accepted(verdict));
    assertTrue(Judged.events(verdict).isEmpty());
  }

  @Test
  void onlyTimeThatHasRunOutExpires() {
    view.with(FakeView.claimed(K, MINE, 5_000_000_001L));
    assertFalse(Judged.accepted(Fence.expire(view, List.of(K))));
    view.with(FakeView.claimed(K, MINE, 5_000_000_000L));
    Event.Reclaimed event = (Event.Reclaimed) Judged.events(Fence.expire(view, List.of(K))).get(0);
    assertEquals(List.of(new Event.Taken(K, 4, MINE, "holder of a")), event.keys());
    assertEquals("expiry", event.by());
    assertEquals(Request.key("k"), event.keys().get(0).key());
  }

  @Test
  void aClaimThatWasNotRenewedBetweenTwoRestartsEnds() {
    view.with(FakeView.claimed(K, MINE, Long.MAX_VALUE));
    Event.Reclaimed event = (Event.Reclaimed) Judged.events(Fence.expireUnrenewed(view, List.of(K))).get(0);
    assertEquals(4, event.keys().get(0).epoch());
  }
}
