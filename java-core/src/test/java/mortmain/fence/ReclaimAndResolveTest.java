package mortmain.fence;

import static mortmain.fence.FakeView.K;
import static mortmain.fence.FakeView.MINE;
import static mortmain.fence.FakeView.OTHER;
import static mortmain.fence.FakeView.THEIRS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import mortmain.Request;
import mortmain.model.Call;
import mortmain.model.ErrorCode;
import mortmain.model.Event;
import mortmain.model.ReclaimRequest;
import mortmain.model.Resolution;
import org.junit.jupiter.api.Test;

/** Taking ownership away, and the final word on a request. */
class ReclaimAndResolveTest {
  private static final String ID = "request";
  private static final Event REFUSED = new Event.RequestRefused(20, 0, ID, "asker");
  private final FakeView view = new FakeView().with(FakeView.claimed(OTHER, THEIRS, Long.MAX_VALUE));

  private static ReclaimRequest reclaim(String key, String prefix, String holder, long since) {
    Call call = new Call(ID, 0, since, Long.MAX_VALUE);
    return new ReclaimRequest(call, key == null ? null : Request.key(key), prefix, holder, "operator", "stuck");
  }

  private Event.Reclaimed reclaimed(String key, String prefix, String holder) {
    return (Event.Reclaimed) Judged.events(Fence.reclaim(view, reclaim(key, prefix, holder, 50))).get(0);
  }

  @Test
  void aKeyIsBumpedWhetherOrNotAClaimIsLive() {
    assertEquals(List.of(new Event.Taken(K, 4, null, null)), reclaimed("k", null, null).keys());
    assertEquals(List.of(new Event.Taken(OTHER, 4, THEIRS, "holder of b")), reclaimed("p/other", null, null).keys());
  }

  @Test
  void aPrefixIsOneEventThatNamesTheClaimsBelow() {
    assertEquals(List.of(OTHER), reclaimed(null, "p/", null).keys().stream().map(Event.Taken::key).toList());
    assertEquals(List.of(), reclaimed(null, "q/", null).keys());
    assertEquals("q/", reclaimed(null, "q/", null).prefix());
  }

  @Test
  void aHolderLosesOnlyWhatItHolds() {
    view.with(FakeView.claimed(K, MINE, Long.MAX_VALUE));
    assertEquals(List.of(OTHER), reclaimed(null, null, "holder of b").keys().stream().map(Event.Taken::key).toList());
  }

  @Test
  void aReclamationIsDoneOnce() {
    Event.Reclaimed done = new Event.Reclaimed(20, 0, ID, "operator", "stuck", null, List.of());
    view.remembered.put(ID, done);
    Verdict<Event.Reclaimed> again = Fence.reclaim(view, reclaim("k", null, null, 50));
    assertEquals(done, Judged.accepted(again));
    assertTrue(Judged.events(again).isEmpty());
    view.remembered.put(ID, REFUSED);
    Judged.rejected(Fence.reclaim(view, reclaim("k", null, null, 50)), ErrorCode.REQUEST_ID_REUSED);
  }

  @Test
  void aReclamationBehindTheHorizonIsNotRun() {
    view.horizon = 30;
    Judged.rejected(Fence.reclaim(view, reclaim("k", null, null, 29)), ErrorCode.REQUEST_ID_EXPIRED);
    Judged.accepted(Fence.reclaim(view, reclaim("k", null, null, 30)));
  }

  @Test
  void anUnknownIdIsRefusedInTheJournalBeforeTheAnswer() {
    Verdict<Resolution> verdict = Fence.resolve(view, ID, "asker", 50, null);
    assertNull(Judged.accepted(verdict).receipt());
    assertEquals(ID, assertInstanceOf(Event.RequestRefused.class, Judged.events(verdict).get(0)).requestId());
  }

  @Test
  void aRefusedIdIsNotRefusedTwice() {
    view.remembered.put(ID, REFUSED);
    Verdict<Resolution> verdict = Fence.resolve(view, ID, "asker", 0, null);
    assertNull(Judged.accepted(verdict).receipt());
    assertTrue(Judged.events(verdict).isEmpty());
  }

  @Test
  void anAcceptedIdHasItsReceipt() {
    view.remembered.put(ID, new Event.Committed(20, 0, ID, 0, 5, "me", Map.of(), List.of()));
    assertEquals(20, Judged.accepted(Fence.resolve(view, ID, "asker", 0, null)).receipt().revision());
    view.remembered.put(ID, new Event.Reclaimed(21, 0, ID, "operator", "stuck", null, List.of()));
    assertEquals(21, Judged.accepted(Fence.resolve(view, ID, "asker", 0, null)).receipt().revision());
  }

  @Test
  void anotherStoreSaysNothingOfAnIdEvenIfItRemembersIt() {
    view.remembered.put(ID, new Event.Committed(20, 0, ID, 0, 5, "me", Map.of(), List.of()));
    Judged.rejected(Fence.resolve(view, ID, "asker", 0, "another"), ErrorCode.STORE_CHANGED);
    Judged.rejected(Fence.resolve(view, ID, "asker", view.revision() + 1, null), ErrorCode.STORE_CHANGED);
    Judged.accepted(Fence.resolve(view, ID, "asker", 0, view.storeId()));
  }

  @Test
  void aReclamationForAnotherStoreIsNotRunEvenIfItIsRemembered() {
    ReclaimRequest asked = reclaim("k", null, null, 50);
    Event.Reclaimed done = Judged.accepted(Fence.reclaim(view, asked));
    view.remembered.put(ID, done);
    ReclaimRequest elsewhere = new ReclaimRequest(asked.call(), asked.key(), null, null, "operator", "stuck", "another");
    Judged.rejected(Fence.reclaim(view, elsewhere), ErrorCode.STORE_CHANGED);
  }

  @Test
  void nothingIsSaidAboutAnIdThatMayHaveBeenForgotten() {
    view.horizon = 30;
    Judged.rejected(Fence.resolve(view, ID, "asker", 29, null), ErrorCode.REQUEST_ID_EXPIRED);
    Judged.accepted(Fence.resolve(view, ID, "asker", 30, null));
  }
}
