package mortmain.fence;

import static java.nio.charset.StandardCharsets.UTF_8;
import static mortmain.fence.FakeView.K;
import static mortmain.fence.FakeView.MINE;
import static mortmain.fence.FakeView.OTHER;
import static mortmain.fence.FakeView.THEIRS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import mortmain.Request;
import mortmain.model.Call;
import mortmain.model.Change;
import mortmain.model.ErrorCode;
import mortmain.model.Event;
import mortmain.model.Failure;
import mortmain.model.Guard;
import mortmain.model.Key;
import mortmain.model.Receipt;
import mortmain.model.ReclaimRequest;
import mortmain.model.Rejection;
import mortmain.model.Retain;
import mortmain.model.Value;
import mortmain.model.Write;
import org.junit.jupiter.api.Test;

/** The actions that are no commit of a client: restored backups, adopted edits, settings; and what an answer rests on. */
class FenceActionsTest {
  private static final Value EDIT = Value.json("2".getBytes(UTF_8));
  private final FakeView view = new FakeView();

  @Test
  void everyEventHasTheNextRevision() {
    view.with(FakeView.claimed(K, MINE, Long.MIN_VALUE / 2));
    Judged.events(Fence.release(view, K, MINE, 3)).forEach(event -> assertEquals(51, event.revision()));
    Judged.events(Fence.expire(view, List.of(K))).forEach(event -> assertEquals(51, event.revision()));
    Judged.events(Fence.resolve(view, "id", "w", 50, null)).forEach(event -> assertEquals(51, event.revision()));
    Judged.events(Fence.configure(view, "history_bytes", 7, "op")).forEach(event -> assertEquals(51, event.revision()));
    Judged.events(Fence.retain(view, new Retain("p/", 1, 2, "op"))).forEach(event -> assertEquals(51, event.revision()));
    Event.Reclaimed reclaimed =
        (Event.Reclaimed) Judged.events(Fence.reclaim(view, new ReclaimRequest(Call.of("r"), K, null, null, "op", "why"))).get(0);
    assertEquals(51, reclaimed.revision());
  }

  @Test
  void settingsAreJournaledAsTheyWereSaid() {
    assertEquals(new Event.Configured(51, view.wallMicros(), "op", "history_bytes", 7), Judged.events(Fence.configure(view, "history_bytes", 7, "op")).get(0));
    assertEquals(new Event.Retained(51, view.wallMicros(), "op", "p/", 1, 2), Judged.events(Fence.retain(view, new Retain("p/", 1, 2, "op"))).get(0));
  }

  @Test
  void aRestoredBackupIsAnotherStoreAndEveryClaimInItEnds() {
    view.with(FakeView.claimed(K, MINE, Long.MAX_VALUE)).with(FakeView.claimed(OTHER, THEIRS, Long.MAX_VALUE));
    List<Event> events = Judged.events(Fence.restored(view, "another store"));
    assertEquals(new Event.Restored(51, view.wallMicros(), "another store"), events.get(0));
    Event.Reclaimed reclaimed = assertInstanceOf(Event.Reclaimed.class, events.get(1));
    assertEquals(52, reclaimed.revision());
    assertEquals("", reclaimed.prefix());
    assertEquals(List.of(K, OTHER), reclaimed.keys().stream().map(Event.Taken::key).toList());
  }

  @Test
  void anEditBecomesTheNextVersionWhateverItsKeyHoldsAndWhoeverHasTheClaim() {
    view.with(FakeView.claimed(K, THEIRS, Long.MAX_VALUE));
    view.edited.put(K, "/files/k");
    Verdict<Receipt> verdict = Fence.adopt(view, Call.of("id"), Map.of(K, EDIT), K, Map.of("why", "edit"));
    Event.Committed event = (Event.Committed) Judged.events(verdict).get(0);
    assertEquals(Fence.FOREIGN, event.writer());
    assertEquals(Map.of("why", "edit"), event.meta());
    assertEquals(0, event.fingerprint());
    assertEquals(7, event.changes().get(0).version());
  }

  @Test
  void whereNothingWasEditedThereIsNothingToAdopt() {
    Judged.rejected(Fence.adopt(view.with(FakeView.unborn(K)), Call.of("id"), Map.of(), K, Map.of()), ErrorCode.INVALID);
    view.remembered.put("id", new Event.Committed(20, 0, "id", 0, 0, Fence.FOREIGN, Map.of(), List.of()));
    assertEquals(20, Judged.accepted(Fence.adopt(view, Call.of("id"), Map.of(), K, Map.of())).revision());
    FakeView there = new FakeView();
    there.folded = new Folded.To(null, null, false);
    assertEquals(6, Judged.accepted(Fence.adopt(there, Call.of("id"), Map.of(), K, Map.of())).keys().get(0).version());
  }

  @Test
  void anAdoptionHasTheLimitsOfMetaToo() {
    Judged.rejected(Fence.adopt(view, Call.of("id"), Map.of(K, EDIT), K, Map.of("k", "x".repeat(5000))), ErrorCode.INVALID);
  }

  @Test
  void aCommitLearnsOfAnEditBeforeOfAnythingElse() {
    view.edited.put(K, "/files/k");
    Request stale = Request.by("w").guard(new Guard.VersionIs(K, 1, 1), new Guard.EpochIs(K, 3)).put("k", "1");
    Rejection rejection = Judged.rejected(view, stale, ErrorCode.FOREIGN_EDIT, ErrorCode.VERSION_CONFLICT);
    assertEquals(Map.of("path", "/files/k"), rejection.failures().get(0).details());
    Judged.accepted(view, Request.by("w").guard(new Guard.VersionIs(OTHER, 6, 66), new Guard.EpochIs(OTHER, 3)).put("p/other", "1"));
    Judged.rejected(Judged.check(view, new Guard.VersionIs(K, 6, 66)), ErrorCode.FOREIGN_EDIT);
    Judged.accepted(Judged.check(view, new Guard.VersionIs(OTHER, 6, 66)));
    Judged.accepted(Judged.check(view, new Guard.UnchangedSince("p/", 40)));
  }

  @Test
  void aNewKeyThatCannotBeAFileBesideTheOthersIsRefused() {
    view.collision = "a file is in its way";
    Judged.rejected(view.with(FakeView.unborn(K)), Request.by("w").create("k", "1"), ErrorCode.INVALID);
    view.with(FakeView.state(K));
    Judged.accepted(view, Request.by("w").guard(new Guard.VersionIs(K, 6, 66), new Guard.EpochIs(K, 3)).put("k", "1"));
    Key absent = Key.of("absent");
    view.with(FakeView.unborn(absent));
    Judged.accepted(view, Request.by("w").guard(new Guard.VersionIs(absent, 0, 0), new Guard.EpochIs(absent, 3)).delete("absent"));
  }

  @Test
  void checkRaisesWhatACommitWouldRaise() {
    Guard version = new Guard.VersionIs(K, 6, 66);
    Judged.rejected(Fence.check(view, List.of(version), "another", 0), ErrorCode.STORE_CHANGED);
    Judged.rejected(Fence.check(view, List.of(version), null, 51), ErrorCode.STORE_CHANGED);
    Judged.rejected(Judged.check(view.with(FakeView.claimed(K, THEIRS, Long.MAX_VALUE)), version), ErrorCode.CLAIM_HELD);
    Judged.rejected(Judged.check(view, version, version), ErrorCode.CLAIM_HELD);
    Judged.accepted(Judged.check(view, version, new Guard.Holds(K, THEIRS)));
    view.readOnly = "full";
    Judged.rejected(Judged.check(view, version, new Guard.Holds(K, THEIRS)), ErrorCode.READ_ONLY);
  }

  @Test
  void aRepeatedRejectionRestsOnWhatTheFirstOneRestedOn() {
    Failure ofKey = new Failure(ErrorCode.VERSION_CONFLICT, OTHER, Map.of(), "told");
    Failure ofPrefix = new Failure(ErrorCode.VERSION_CONFLICT, null, Map.of("prefix", "p/"), "told");
    Failure ofNothing = new Failure(ErrorCode.INVALID, null, Map.of("field", "x"), "told");
    Rejection before = new Rejection(List.of(ofKey, ofPrefix, ofNothing), ErrorCode.Retry.REREAD, null);
    assertEquals(before, ((Verdict.Rejected<?>) Fence.again(view, before)).rejection());
    assertEquals(List.of(OTHER, "p/"), view.asked);
  }

  @Test
  void whatIsRememberedOrTooOldIsSettledWhateverTheHour() {
    view.horizon = 30;
    assertFalse(Fence.settled(view, new Call("id", 0, 30, 0)));
    assertTrue(Fence.settled(view, new Call("id", 0, 29, 0)));
    view.remembered.put("id", new Event.RequestRefused(20, 0, "id", "w"));
    assertTrue(Fence.settled(view, new Call("id", 0, 30, 0)));
  }

  @Test
  void ofTwoStoresBothAreNamedAndOfTheFutureTheRevision() {
    Rejection other = Fence.storeChanged(view, "another");
    assertEquals(Map.of("store_id", "this store", "expected", "another"), other.failures().get(0).details());
    assertTrue(other.message().startsWith("your base belongs to store another"));
    Rejection future = Fence.storeChanged(view, null);
    assertEquals(Map.of("store_id", "this store", "expected", "this store"), future.failures().get(0).details());
    assertTrue(future.message().startsWith("your base is newer than revision 50"));
    assertTrue(Fence.storeChanged(view, "this store").message().startsWith("your base is newer than revision 50"));
  }

  @Test
  void aBaseInTheFutureIsRefusedBySinceOrByItsRevision() {
    Request fine = Request.by("w").ensure("k", "1");
    Judged.accepted(view, fine.since(50));
    Judged.rejected(view, fine.since(51), ErrorCode.STORE_CHANGED);
    Judged.accepted(view, fine.store(null, 50));
    Judged.rejected(view, fine.store(null, 51), ErrorCode.STORE_CHANGED);
    Judged.accepted(view, fine.since(Long.MAX_VALUE));
  }

  @Test
  void anOverwriteIsRecordedAsOne() {
    List<Guard> base = List.of(new Guard.VersionIs(K, 6, 66), new Guard.EpochIs(K, 3));
    for (boolean overwrite : new boolean[] {true, false}) {
      for (Write write : List.of(new Write.Put(K, EDIT, overwrite), new Write.Delete(K, overwrite))) {
        Request request = Request.by("w").guard(base.toArray(Guard[]::new)).write(write);
        Event.Committed event = (Event.Committed) Judged.events(Judged.judge(view, request)).get(0);
        Change change = event.changes().get(0);
        assertEquals(overwrite, change.overwrite());
      }
    }
    Event.Committed ensured = (Event.Committed) Judged.events(Judged.judge(view, Request.by("w").ensure("k", "1"))).get(0);
    assertFalse(ensured.changes().get(0).overwrite());
  }

  @Test
  void anEndedClaimIsFencedWithTheEpochThatItsHolderKnew() {
    view.with(FakeView.reclaimed(K, MINE));
    assertEquals(2L, epoch(Fence.release(view, K, MINE, -1)), "unknown: the one before");
    assertEquals(0L, epoch(Fence.release(view, K, MINE, 0)));
    assertEquals(1L, epoch(Fence.renew(view, K, MINE, 1)));
    Judged.rejected(Fence.release(view, OTHER, MINE, 3), ErrorCode.CLAIM_LOST);
    assertEquals(0L, epoch(Fence.release(view, OTHER, MINE, 0)));
  }

  private static Object epoch(Verdict<?> verdict) {
    return Judged.rejected(verdict, ErrorCode.FENCED).failures().get(0).details().get("epoch");
  }

  @Test
  void aConflictShowsTheKeyAndOtherFailuresDoNot() {
    Request stale = Request.by("w").guard(new Guard.VersionIs(K, 5, 66), new Guard.EpochIs(K, 3)).put("k", "1");
    assertEquals(K, Judged.rejected(view, stale, ErrorCode.VERSION_CONFLICT).current().key());
    Request fenced = Request.by("w").guard(new Guard.VersionIs(K, 6, 66), new Guard.EpochIs(K, 2)).put("k", "1");
    Rejection rejection = Judged.rejected(view, fenced, ErrorCode.FENCED);
    assertNull(rejection.current());
    assertEquals(ErrorCode.FENCED.retry(), rejection.retry());
    Request scanned = Request.by("w").guard(new Guard.UnchangedSince("p/", 39)).ensure("k", "1");
    assertNull(Judged.rejected(view, scanned, ErrorCode.VERSION_CONFLICT).current());
  }

  @Test
  void aConflictWithNobodyNamesNobody() {
    Request create = Request.by("w").guard(new Guard.VersionIs(K, 6, 66), new Guard.EpochIs(K, 3)).put("k", "1");
    Rejection rejection = Judged.rejected(view.with(FakeView.unborn(K)), create, ErrorCode.VERSION_CONFLICT);
    assertEquals(Map.of("expected", 6L, "actual", 0L), rejection.failures().get(0).details());
    assertFalse(rejection.message().contains(" by "));
  }
}
