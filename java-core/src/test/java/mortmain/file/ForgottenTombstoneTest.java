package mortmain.file;

import static mortmain.Request.by;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import mortmain.Request;
import mortmain.model.ClaimRequest;
import mortmain.model.ErrorCode;
import mortmain.model.Grant;
import mortmain.model.Guard;
import mortmain.model.Limits;
import mortmain.model.ReadOptions;
import mortmain.model.Snapshot;
import org.junit.jupiter.api.Test;

/** Tombstones and ids behind the horizon are forgotten, and nothing old gets through because of it. */
class ForgottenTombstoneTest extends StoreFixture {
  @Override
  Limits limits() {
    return new Limits(1 << 20, 1024, 1000, 1 << 20, 32, 4096, Long.MAX_VALUE / 2_000_000, 10);
  }

  private void pushTheHorizon() {
    for (int i = 0; i < 20; i++) {
      commit(by("a").increment("n", "1"));
    }
  }

  @Test
  void versionAndEpochGoOnWhenAForgottenKeyComesBack() {
    commit(by("a").create("p/k", "1"));
    Snapshot old = read("p/k");
    subject.store().reclaim(Request.reclaim("p/k", null, null));
    commit(by("a").on(read("p/k")).put("p/k", "2"));
    commit(by("a").on(read("p/k")).delete("p/k"));
    Snapshot gone = read("p/k");
    pushTheHorizon();
    assertEquals(1, subject.forget(1));
    assertEquals(0L, subject.store().info().get("tombstones"));
    for (int run = 0; run < 2; run++) {
      refused(ErrorCode.FENCED, by("a").on(old).put("p/k", "3"));
      refused(ErrorCode.VERSION_CONFLICT, by("a").on(gone).put("p/k", "3"));
      subject.restart();
    }
    Snapshot unborn = read("p/k");
    assertFalse(unborn.exists());
    var key = commit(by("a").on(unborn).put("p/k", "3")).keys().get(0);
    assertTrue(key.version() > gone.version());
    assertTrue(key.epoch() >= gone.epoch());
  }

  @Test
  void aReadAtARevisionBeforeIsAnsweredFromTheJournalAndOneOfTheTombstoneSaysThatItDoesNotKnow() {
    commit(by("a").create("p/k", "1"));
    long then = read("p/k").revision();
    long gone = commit(by("a").on(read("p/k")).delete("p/k")).revision();
    pushTheHorizon();
    ReadOptions options = new ReadOptions(then, -1, true, false);
    assertTrue(subject.store().read(List.of(Request.key("p/k")), options).snapshots().get(0).exists());
    subject.forget(1);
    assertEquals("1", Request.text(subject.store().read(List.of(Request.key("p/k")), options).snapshots().get(0)));
    refused(ErrorCode.COMPACTED, () -> subject.store().read(List.of(Request.key("p/k")), new ReadOptions(gone, -1, true, false)));
    refused(ErrorCode.COMPACTED, () -> subject.store().scan("p/", null, 10, options));
  }

  @Test
  void aPrefixWhoseWritesWereForgottenCountsAsWritten() {
    long before = commit(by("a").create("n", "1")).revision();
    commit(by("a").create("p/k", "1"));
    commit(by("a").on(read("p/k")).delete("p/k"));
    pushTheHorizon();
    subject.forget(1);
    refused(ErrorCode.VERSION_CONFLICT, by("a").guard(new Guard.UnchangedSince("p/", before)).increment("n", "1"));
  }

  private ClaimRequest claim(char id, long since, long waitNanos) {
    return new ClaimRequest(Request.key("k"), Request.claimId(id), "a", 60_000, waitNanos, null, Long.MAX_VALUE, since);
  }

  @Test
  void aClaimThatEndedBehindTheHorizonIsNotGrantedToALateCopyOfItsRequest() {
    long since = subject.store().durableRevision();
    subject.store().claim(claim('a', since, 0));
    subject.store().release(Request.key("k"), Request.claimId('a'), 0);
    subject.store().claim(claim('b', since, 0)); // the key remembers only who ended last
    subject.store().release(Request.key("k"), Request.claimId('b'), 0);
    pushTheHorizon();
    for (int run = 0; run < 2; run++) {
      refused(ErrorCode.REQUEST_ID_EXPIRED, () -> subject.store().claim(claim('a', since, 0)));
      subject.restart();
    }
    subject.store().claim(claim('c', subject.store().durableRevision(), 0));
  }

  @Test
  void aClaimThatWaitsIsNotTooOldWhenItsTurnComes() throws Exception {
    long since = subject.store().durableRevision();
    subject.store().claim(claim('a', since, 0));
    FutureTask<Grant> waiting = new FutureTask<>(() -> subject.store().claim(claim('b', since, TimeUnit.SECONDS.toNanos(60))));
    Thread waiter = new Thread(waiting);
    waiter.start();
    while (waiter.getState() != Thread.State.TIMED_WAITING) {
      assertFalse(waiting.isDone());
      Thread.onSpinWait();
    }
    pushTheHorizon();
    assertTrue((long) subject.store().info().get("horizon") > since);
    subject.store().release(Request.key("k"), Request.claimId('a'), 0);
    assertEquals(Request.claimId('b'), waiting.get(60, TimeUnit.SECONDS).claim().claimId());
  }

  @Test
  void anUnknownIdBehindTheHorizonIsExpiredAlsoAfterARestart() {
    Request forgotten = by("a").increment("once", "1").since(subject.store().durableRevision());
    commit(forgotten);
    pushTheHorizon();
    Request late = by("b").increment("once", "1").since(1);
    Request recent = by("b").increment("once", "1").since(subject.store().durableRevision());
    commit(recent);
    for (int run = 0; run < 2; run++) {
      refused(ErrorCode.REQUEST_ID_EXPIRED, forgotten);
      refused(ErrorCode.REQUEST_ID_EXPIRED, late);
      refused(ErrorCode.REQUEST_ID_EXPIRED, () -> subject.store().resolve(forgotten.commit().call().requestId(), "a", 1, null));
      assertTrue(commit(recent).replayed());
      subject.restart();
    }
    assertEquals("2", text("once"));
  }
}
