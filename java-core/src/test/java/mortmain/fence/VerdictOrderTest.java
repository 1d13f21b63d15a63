package mortmain.fence;

import static mortmain.fence.FakeView.K;
import static mortmain.fence.FakeView.MINE;
import static mortmain.fence.FakeView.OTHER;
import static mortmain.fence.FakeView.THEIRS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import mortmain.Request;
import mortmain.model.Change;
import mortmain.model.ErrorCode;
import mortmain.model.Event;
import mortmain.model.Guard;
import mortmain.model.Key;
import org.junit.jupiter.api.Test;

/** The first verdict names the exception, and all failures are listed behind it. */
class VerdictOrderTest {
  private static final String ID = "request";
  private final FakeView view = new FakeView();

  /** Wrong in every way that a state can tell. */
  private static Request worst() {
    return Request.by("me")
        .id(ID)
        .since(10)
        .guard(new Guard.VersionIs(Key.of("v"), 1, 1), new Guard.Absent(Key.of("a")), new Guard.Holds(Key.of("h"), MINE), new Guard.EpochIs(Key.of("e"), 1))
        .increment("k", "1");
  }

  private void remember(long fingerprint) {
    List<Change> changes = List.of(new Change(K, new Change.Kept(20), 4, 44, 2, null, "9", false, true));
    view.remembered.put(ID, new Event.Committed(20, 0, ID, 0, fingerprint, "me", Map.of(), changes));
  }

  @Test
  void anotherStoreComesBeforeARememberedId() {
    remember(77);
    Judged.rejected(view, worst().store("that store", 0), ErrorCode.STORE_CHANGED);
    var rejection = Judged.rejected(view, worst().store("this store", 51), ErrorCode.STORE_CHANGED);
    assertTrue(rejection.message().contains("revision 50"), rejection.message());
    Judged.rejected(view, worst().since(51), ErrorCode.STORE_CHANGED);
    assertEquals(ErrorCode.Retry.REREAD, rejection.retry());
  }

  @Test
  void aRememberedIdGetsItsReceiptWhateverTheStateIsNow() {
    remember(77);
    view.horizon = 60;
    view.readOnly = "full";
    var receipt = Judged.accepted(view, worst());
    assertTrue(receipt.replayed());
    assertEquals(20, receipt.revision());
    assertEquals("9", receipt.keys().get(0).result());
    assertEquals(20, receipt.keys().get(0).revision());
    assertTrue(Judged.events(Judged.judge(view, worst())).isEmpty());
  }

  @Test
  void aRememberedIdWithOtherContentIsReused() {
    remember(78);
    view.horizon = 60;
    Judged.says(Judged.rejected(view, worst(), ErrorCode.REQUEST_ID_REUSED), Map.of("request_id", ID, "reason", "other content"), "new id");
    view.remembered.put(ID, new Event.RequestRefused(20, 0, ID, "asker"));
    Judged.says(Judged.rejected(view, worst(), ErrorCode.REQUEST_ID_REUSED), Map.of("request_id", ID, "reason", "refused"), "not committed");
  }

  @Test
  void anUnknownIdBehindTheHorizonIsNeverRun() {
    view.readOnly = "full";
    view.horizon = 11;
    var rejection = Judged.rejected(view, worst(), ErrorCode.REQUEST_ID_EXPIRED);
    Judged.says(rejection, Map.of("request_id", ID), "revision 11");
    assertEquals(ErrorCode.Retry.NEVER, rejection.retry());
    view.horizon = 10;
    Judged.rejected(view, worst(), ErrorCode.READ_ONLY);
  }

  @Test
  void readOnlyComesBeforeTheGuards() {
    view.readOnly = "only 3 MiB are free";
    Judged.says(Judged.rejected(view, worst(), ErrorCode.READ_ONLY), Map.of("reason", "only 3 MiB are free"), "3 MiB");
    Judged.rejected(Judged.check(view, new Guard.EpochIs(K, 1)), ErrorCode.READ_ONLY);
  }

  @Test
  void everyFailureIsListedInTheOrderOfTheProtocol() {
    view.with(FakeView.claimed(K, THEIRS, Long.MAX_VALUE));
    var rejection =
        Judged.rejected(
            view, worst(), ErrorCode.FENCED, ErrorCode.CLAIM_LOST, ErrorCode.CLAIM_HELD, ErrorCode.VERSION_CONFLICT, ErrorCode.VERSION_CONFLICT);
    assertEquals(List.of("e", "h", "k", "v", "a"), rejection.failures().stream().map(failure -> failure.key().toString()).toList());
    assertEquals(ErrorCode.Retry.REREAD, rejection.retry());
  }

  @Test
  void typesAreJudgedLast() {
    view.folded = new Folded.WrongType("a number", "a list");
    Judged.rejected(view, Request.by("me").guard(new Guard.EpochIs(OTHER, 1)).increment("k", "1"), ErrorCode.FENCED);
    var rejection = Judged.rejected(view, Request.by("me").increment("k", "1").increment("n", "1"), ErrorCode.WRONG_TYPE, ErrorCode.WRONG_TYPE);
    Judged.says(rejection, Map.of("expected", "a number", "actual", "a list"), "k holds a list", "needs a number");
  }

  @Test
  void aValueThatGrewTooLargeIsRefused() {
    view.folded = new Folded.TooLarge(101, 100);
    Judged.says(Judged.rejected(view, Request.by("me").append("k", "1"), ErrorCode.TOO_LARGE), Map.of("size", 101L, "limit", 100L), "101", "100");
  }

  @Test
  void aWriteThatChangesNothingMakesNoVersion() {
    view.folded = new Folded.To(null, "3", true);
    var key = Judged.accepted(view, Request.by("me").append("k", "1")).keys().get(0);
    assertEquals(List.of(6L, 66L, 40L), List.of(key.version(), key.tag(), key.revision()));
    assertEquals("3", key.result());
  }
}
