package mortmain.fence;

import static java.nio.charset.StandardCharsets.UTF_8;
import static mortmain.fence.FakeView.K;
import static mortmain.fence.FakeView.MINE;
import static mortmain.fence.FakeView.OTHER;
import static mortmain.fence.FakeView.THEIRS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import mortmain.Request;
import mortmain.model.Call;
import mortmain.model.Change;
import mortmain.model.ErrorCode;
import mortmain.model.Event;
import mortmain.model.Guard;
import mortmain.model.Limits;
import mortmain.model.Rejection;
import mortmain.model.Ticket;
import mortmain.model.Value;
import mortmain.model.Write;
import org.junit.jupiter.api.Test;

/** What mutants of the rules survived before: each test names the one that it kills. */
class GuardDetailsTest {
  private static final Value EDIT = Value.json("2".getBytes(UTF_8));
  private final FakeView view = new FakeView();

  private static List<Change> changes(Verdict<?> verdict) {
    return ((Event.Committed) Judged.events(verdict).get(0)).changes();
  }

  @Test
  void anEnsureThatWritesAfterAllDoesNotPassAClaim() {
    view.with(FakeView.claimed(K, THEIRS, Long.MAX_VALUE));
    Judged.rejected(view, Request.by("w").ensure("k", "1").append("k", "2"), ErrorCode.CLAIM_HELD);
    view.with(new KeyState(K, false, 6, 66, 3, FakeView.claim(THEIRS, Long.MAX_VALUE), null, null, null, "winner", 40));
    Judged.rejected(view, Request.by("w").ensure("k", "1"), ErrorCode.CLAIM_HELD);
  }

  @Test
  void aDeletedPrefixIsFencedByItsOwnScanAndByNoOther() {
    view.with(FakeView.reclaimed(OTHER, THEIRS));
    Request own = Request.by("w").guard(new Guard.UnchangedSince("p/", 50), new Guard.UnchangedSince("q/", 41));
    Judged.accepted(view, own.write(new Write.DeletePrefix("p/")));
    Request byKey = Request.by("w").guard(new Guard.VersionIs(OTHER, 6, 66), new Guard.EpochIs(OTHER, 3));
    Judged.accepted(view, byKey.write(new Write.DeletePrefix("p/")));
  }

  @Test
  void aDeletedPrefixHasALimitAndEveryKeyUpToItIsDeleted() {
    view.with(FakeView.state(OTHER));
    Request delete = Request.by("w").guard(new Guard.UnchangedSince("p/", 40)).write(new Write.DeletePrefix("p/"));
    long bytes = OTHER.utf8().length + 128L;
    assertEquals(OTHER, changes(new CommitRule(view, delete.commit(), 1, false, bytes).judge()).get(0).key());
    Judged.rejected(new CommitRule(view, delete.commit(), 1, false, bytes - 1).judge(), ErrorCode.TOO_LARGE);
  }

  @Test
  void whoseClaimWasReclaimedIsToldTheEpochBeforeAndWhoseWasNotIsNot() {
    view.with(FakeView.reclaimed(K, MINE));
    Rejection mine = Judged.rejected(Judged.check(view, new Guard.Holds(K, MINE)), ErrorCode.FENCED);
    assertEquals(2L, mine.failures().get(0).details().get("epoch"));
    assertEquals(ErrorCode.Retry.CLAIM, mine.retry());
    assertTrue(mine.message().contains("your claim was reclaimed"));
    Judged.rejected(Judged.check(view, new Guard.Holds(K, THEIRS)), ErrorCode.CLAIM_LOST);
    Rejection reader = Judged.rejected(Judged.check(view, new Guard.EpochIs(K, 2)), ErrorCode.FENCED);
    assertTrue(reader.message().contains("its ownership was reclaimed"));
  }

  @Test
  void aConflictUnderAClaimIsReadAgainAndNotClaimedAgain() {
    view.with(FakeView.claimed(K, MINE, Long.MAX_VALUE));
    Rejection stale = Judged.rejected(Judged.check(view, new Guard.Holds(K, MINE), new Guard.VersionIs(K, 5, 66)), ErrorCode.VERSION_CONFLICT);
    assertEquals(ErrorCode.VERSION_CONFLICT.retry(), stale.retry());
  }

  @Test
  void aKeyWithoutAClaimDoesNotExpire() {
    assertFalse(Judged.accepted(Fence.expire(view, List.of(K))));
  }

  @Test
  void aReusedIdIsToldApartFromARefusedOne() {
    assertTrue(Fence.reused("id", new Event.Committed(20, 0, "id", 0, 5, "w", Map.of(), List.of())).message().contains("with other content"));
    assertTrue(Fence.reused("id", new Event.RequestRefused(20, 0, "id", "w")).message().contains("never will be"));
  }

  @Test
  void whatIsRememberedIsAnsweredFromBehindTheHorizonToo() {
    view.horizon = 30;
    view.remembered.put("id", new Event.Committed(31, 0, "id", 0, 5, "w", Map.of(), List.of()));
    assertEquals(31, Judged.accepted(Fence.resolve(view, "id", "asker", 29, null)).receipt().revision());
  }

  @Test
  void anEditOfAKeyWithoutAClaimAndOfANewKeyIsAdopted() {
    assertEquals(7, changes(Fence.adopt(view, Call.of("id"), Map.of(K, EDIT), K, Map.of())).get(0).version());
    view.with(FakeView.unborn(K));
    assertEquals(1, changes(Fence.adopt(view, Call.of("id"), Map.of(K, EDIT), K, Map.of())).get(0).version());
    List<Change> other = changes(Fence.adopt(view, Call.of("id"), Map.of(OTHER, EDIT), K, Map.of()));
    assertEquals(List.of(OTHER), other.stream().map(Change::key).toList());
  }

  @Test
  void aVersionWithTheTagOfAnotherIsNotTheSame() {
    view.changedField = "x";
    Guard fields = new Guard.FieldsAre(K, 5, 66, Value.json("{}".getBytes(UTF_8)));
    Judged.rejected(view, Request.by("w").guard(fields).merge("k", "{\"x\":1}"), ErrorCode.VERSION_CONFLICT);
    Judged.rejected(Judged.check(view, new Guard.Follows(K, new Ticket("t", 5, 66, 3))), ErrorCode.VERSION_CONFLICT);
  }

  @Test
  void anEditIsToldOnceHoweverManyGuardsAKeyHas() {
    view.edited.put(K, "/files/k");
    Judged.rejected(Judged.check(view, new Guard.VersionIs(K, 6, 66), new Guard.EpochIs(K, 3)), ErrorCode.FOREIGN_EDIT);
    assertEquals(ErrorCode.FOREIGN_EDIT, Fence.edited(K, "/files/k").code());
  }

  @Test
  void ofTwoThingsThatAreWrongTheFirstIsTold() {
    Request both = Request.by("").ensure("k", "1").id("");
    assertEquals("request_id", CommitShape.problem(both.commit(), Limits.DEFAULT).failures().get(0).details().get("field"));
  }
}
