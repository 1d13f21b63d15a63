package mortmain;

import static mortmain.Request.by;
import static mortmain.Request.claim;
import static mortmain.Request.claimId;
import static mortmain.Request.key;
import static mortmain.Request.reclaim;
import static mortmain.Request.text;
import static mortmain.Request.ticket;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import mortmain.model.ErrorCode;
import mortmain.model.Grant;
import mortmain.model.Guard;
import mortmain.model.MortmainException;
import mortmain.model.ReadOptions;
import mortmain.model.Reading;
import mortmain.model.Receipt;
import mortmain.model.Rejection;
import mortmain.model.Snapshot;
import mortmain.model.Ticket;
import mortmain.model.Write;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The protocol through the real store, over restarts. */
class StoreTest {
  @TempDir Path directory;
  private Store store;

  @BeforeEach
  void open() {
    store = Store.open(directory, StoreOptions.DEFAULT);
  }

  @AfterEach
  void close() {
    store.close();
  }

  private void restart() {
    store.close();
    store = Store.open(directory, StoreOptions.DEFAULT);
  }

  private Snapshot read(String key) {
    return store.read(List.of(key(key)), ReadOptions.NEWEST).snapshots().get(0);
  }

  private Receipt commit(Request request) {
    return store.commit(request.commit());
  }

  private Rejection refused(ErrorCode code, Request request) {
    return refused(code, () -> commit(request));
  }

  private static Rejection refused(ErrorCode code, Runnable call) {
    MortmainException refusal = assertThrows(MortmainException.class, call::run);
    assertEquals(code, refusal.code(), refusal.getMessage());
    return refusal.rejection();
  }

  @Test
  void secondWriterOfOneVersionLoses() {
    Snapshot base = read("k");
    commit(by("a").on(base).put("k", "1"));
    Rejection rejection = refused(ErrorCode.VERSION_CONFLICT, by("b").on(base).put("k", "2"));
    assertEquals("a", rejection.failures().get(0).details().get("winner"));
    assertEquals("1", text(rejection.current()));
    restart();
    assertEquals("1", text(read("k")));
    refused(ErrorCode.VERSION_CONFLICT, by("b").on(base).put("k", "2"));
  }

  @Test
  void zombieIsFencedAtAnUnchangedVersion() {
    commit(by("a").create("k", "1"));
    Grant grant = store.claim(claim("k", claimId('a'), 60_000, 0));
    store.reclaim(reclaim("k", null, null));
    store.claim(claim("k", claimId('b'), 60_000, 0));
    Snapshot base = grant.reading().snapshots().get(0);
    Request zombie = by("a").on(base).guard(new Guard.Holds(key("k"), claimId('a'))).put("k", "2");
    assertEquals(ErrorCode.Retry.CLAIM, refused(ErrorCode.FENCED, zombie).retry());
    restart();
    refused(ErrorCode.FENCED, zombie.id("other"));
    assertEquals(1, read("k").version());
  }

  @Test
  void zombieOfAnUnbornKeyIsFencedByAPrefix() {
    Grant grant = store.claim(claim("jobs/7", claimId('a'), 60_000, 0));
    store.reclaim(reclaim(null, "jobs/", null));
    Request zombie = by("a").on(grant.reading().snapshots().get(0)).guard(new Guard.Holds(key("jobs/7"), claimId('a'))).put("jobs/7", "1");
    refused(ErrorCode.FENCED, zombie);
    restart();
    refused(ErrorCode.FENCED, zombie.id("other"));
    assertFalse(read("jobs/7").exists());
  }

  @Test
  void snapshotBeforeAReclamationIsFencedWithoutAClaim() {
    commit(by("a").create("plans/p", "1"));
    Snapshot base = read("plans/p");
    store.reclaim(reclaim(null, "plans/", null));
    refused(ErrorCode.FENCED, by("a").on(base).put("plans/p", "2"));
    commit(by("a").on(read("plans/p")).put("plans/p", "2"));
  }

  @Test
  void holdersNameIsNotEnough() {
    store.claim(claim("k", claimId('a'), 60_000, 0));
    refused(ErrorCode.CLAIM_HELD, by("holder-a").on(read("k")).put("k", "1"));
    refused(ErrorCode.CLAIM_HELD, () -> store.claim(claim("k", claimId('b'), 60_000, 0)));
    store.release(key("k"), claimId('a'), 0);
    refused(ErrorCode.CLAIM_LOST, by("a").on(read("k")).guard(new Guard.Holds(key("k"), claimId('a'))).put("k", "1"));
  }

  @Test
  void requestIsAppliedOnceAlsoAfterARestart() {
    Request append = by("a").append("list", "1");
    Receipt first = commit(append);
    restart();
    Receipt second = commit(append);
    assertTrue(second.replayed());
    assertEquals(first.keys(), second.keys());
    assertEquals("[1]", text(read("list")));
    refused(ErrorCode.REQUEST_ID_REUSED, by("a").append("list", "2").id(append.commit().call().requestId()));
  }

  /** A late copy of a request for a claim must not revive it: its holder has let go, and nobody would release it. */
  @Test
  void endedClaimIdIsNeverGrantedAgain() {
    for (char id : new char[] {'a', 'b', 'c'}) {
      store.claim(claim("k", claimId(id), 60_000, 0));
      store.release(key("k"), claimId(id), 0);
    }
    refused(ErrorCode.CLAIM_LOST, () -> store.claim(claim("k", claimId('a'), 60_000, 0)));
    restart();
    refused(ErrorCode.CLAIM_LOST, () -> store.claim(claim("k", claimId('b'), 60_000, 0)));
    store.claim(claim("k", claimId('d'), 60_000, 0));
  }

  @Test
  void rejectedAttemptNeverCommitsLater() {
    Snapshot base = read("k");
    store.claim(claim("k", claimId('a'), 60_000, 0));
    Request request = by("b").on(base).put("k", "1");
    refused(ErrorCode.CLAIM_HELD, request);
    store.release(key("k"), claimId('a'), 0);
    refused(ErrorCode.CLAIM_HELD, request);
    assertFalse(read("k").exists());
    commit(request.attempt(1));
  }

  /** A program that reads again and keeps its id would get the answer to its first base for ever. */
  @Test
  void otherContentUnderARejectedIdIsNotToldTheOldConflict() {
    Snapshot base = read("k");
    commit(by("a").on(base).put("k", "1"));
    Request late = by("b").on(base).put("k", "2");
    refused(ErrorCode.VERSION_CONFLICT, late);
    String id = late.commit().call().requestId();
    Request onTheNewBase = by("b").on(read("k")).put("k", "2").id(id);
    refused(ErrorCode.REQUEST_ID_REUSED, onTheNewBase);
    refused(ErrorCode.VERSION_CONFLICT, late);
    assertEquals(1, read("k").version());
  }

  @Test
  void notCommittedIsFinal() {
    Request request = by("a").append("list", "1");
    assertNull(store.resolve(request.commit().call().requestId(), "a").receipt());
    restart();
    refused(ErrorCode.REQUEST_ID_REUSED, request);
    Request other = by("a").append("list", "1");
    Receipt receipt = commit(other);
    assertEquals(receipt.keys(), store.resolve(other.commit().call().requestId(), "a").receipt().keys());
  }

  @Test
  void versionsAndEpochsGoOnAfterDelete() {
    commit(by("a").create("k", "1"));
    store.reclaim(reclaim("k", null, null));
    Snapshot before = read("k");
    commit(by("a").on(before).delete("k"));
    Snapshot gone = read("k");
    assertFalse(gone.exists());
    assertEquals(2, gone.version());
    assertEquals(1, gone.epoch());
    restart();
    Receipt.KeyReceipt again = commit(by("a").on(read("k")).put("k", "2")).keys().get(0);
    assertEquals(3, again.version());
    assertEquals(1, again.epoch());
    refused(ErrorCode.VERSION_CONFLICT, by("a").on(before).put("k", "3"));
  }

  @Test
  void ticketLetsOnlyItsOwnCommitsMoveTheKey() {
    Ticket mine = ticket("mine", read("head"));
    commit(by("a").follows("head", mine).put("head", "1").put("data", "1").guard(new Guard.Absent(key("data"))));
    commit(by("a").follows("head", mine).put("head", "2"));
    Ticket other = ticket("other", read("head"));
    commit(by("b").follows("head", other).put("head", "3"));
    refused(ErrorCode.VERSION_CONFLICT, by("a").follows("head", mine).put("head", "4"));
    restart();
    refused(ErrorCode.VERSION_CONFLICT, by("a").follows("head", mine).put("head", "4"));
    commit(by("b").follows("head", other).put("head", "5"));
  }

  @Test
  void appendWaitsForAClaimAndThenLands() throws InterruptedException {
    store.claim(claim("list", claimId('a'), 400, 0));
    commit(by("b").append("list", "1").deadline(store.now() + 5_000_000_000L));
    assertEquals("[1]", text(read("list")));
    store.claim(claim("list", claimId('c'), 60_000, 0));
    refused(ErrorCode.CLAIM_HELD, by("b").append("list", "2").deadline(store.now() + 50_000_000L));
    refused(ErrorCode.CLAIM_HELD, by("b").append("list", "2").increment("n", "1").ensure("fresh", "1"));
  }

  @Test
  void claimersAreServedInOrder() throws InterruptedException {
    store.claim(claim("k", claimId('0'), 60_000, 0));
    List<String> order = new java.util.concurrent.CopyOnWriteArrayList<>();
    Thread[] threads = new Thread[3];
    for (int i = 0; i < threads.length; i++) {
      String id = claimId((char) ('1' + i));
      threads[i] =
          new Thread(
              () -> {
                store.claim(claim("k", id, 60_000, 20_000));
                order.add(id);
                store.release(key("k"), id, 0);
              });
      threads[i].start();
      while (threads[i].getState() != Thread.State.TIMED_WAITING) {
        Thread.onSpinWait();
      }
    }
    store.release(key("k"), claimId('0'), 0);
    for (Thread thread : threads) {
      thread.join();
    }
    assertEquals(List.of(claimId('1'), claimId('2'), claimId('3')), order);
  }

  @Test
  void claimGetsOneFreshTimeAfterARestartAndEndsAtTheNext() {
    store.claim(claim("k", claimId('a'), 60_000, 0));
    store.claim(claim("renewed", claimId('b'), 60_000, 0));
    restart();
    assertEquals(2, store.claims("").size());
    store.renew(key("renewed"), claimId('b'), 0);
    restart();
    assertEquals(List.of(key("renewed")), store.claims("").stream().map(claim -> claim.key()).toList());
    refused(ErrorCode.FENCED, () -> store.renew(key("k"), claimId('a'), 0));
  }

  @Test
  void deltasAreEvaluatedOnTheCurrentValue() {
    commit(by("a").increment("n", "2"));
    assertEquals("5", commit(by("b").increment("n", "3")).keys().get(0).result());
    assertEquals("true", commit(by("a").add("set", "{\"a\":1,\"b\":2}")).keys().get(0).result());
    assertEquals("false", commit(by("a").add("set", "{\"b\":2,\"a\":1.0}")).keys().get(0).result());
    commit(by("a").merge("o", "{\"x\":1,\"y\":{\"z\":2}}"));
    commit(by("a").merge("o", "{\"y\":{\"z\":null,\"w\":3}}"));
    assertEquals("{\"x\":1,\"y\":{\"w\":3}}", text(read("o")));
    refused(ErrorCode.WRONG_TYPE, by("a").append("n", "1"));
    refused(ErrorCode.WRONG_TYPE, by("a").increment("o", "1"));
    restart();
    assertEquals("5", text(read("n")));
    assertEquals("[{\"a\":1,\"b\":2}]", text(read("set")));
    assertEquals("false", commit(by("a").add("set", "{\"b\":2,\"a\":1}")).keys().get(0).result());
  }

  @Test
  void mergeWithABaseRefusesAFieldThatChanged() {
    commit(by("a").create("o", "{\"x\":1,\"y\":1}"));
    Snapshot base = read("o");
    commit(by("b").merge("o", "{\"y\":2}"));
    Guard fields = new Guard.FieldsAre(key("o"), base.version(), base.tag(), base.value());
    commit(by("a").guard(fields).merge("o", "{\"x\":2}"));
    refused(ErrorCode.VERSION_CONFLICT, by("a").guard(fields).merge("o", "{\"y\":3}"));
  }

  @Test
  void uniqueItemIsRememberedAsLongAsItIsInTheList() {
    commit(by("a").appendUnique("l", "id1", "1"));
    assertEquals("1", commit(by("a").appendUnique("l", "id1", "2")).keys().get(0).result());
    restart();
    assertEquals("1", commit(by("a").appendUnique("l", "id1", "2")).keys().get(0).result());
    commit(by("a").on(read("l")).put("l", "[0,1]"));
    commit(by("a").appendUnique("l", "id1", "3"));
    assertEquals("[0,1]", text(read("l")));
    commit(by("a").on(read("l")).put("l", "[0]"));
    commit(by("a").appendUnique("l", "id1", "3"));
    restart();
    assertEquals("[0,3]", text(read("l")));
  }

  @Test
  void growingListReadsWholeAndByItsEnd() {
    StringBuilder all = new StringBuilder();
    for (int i = 0; i < 5000; i++) {
      commit(by("a").append("l", Integer.toString(i)));
      all.append(i == 0 ? "" : ",").append(i);
      if (i == 4200) {
        restart();
      }
    }
    assertEquals("[" + all + "]", text(read("l")));
    restart();
    assertEquals("[" + all + "]", text(read("l")));
    Reading tail = store.read(List.of(key("l")), new ReadOptions(-1, 3, true, false));
    assertEquals("[4997,4998,4999]", text(tail.snapshots().get(0)));
    assertTrue(tail.snapshots().get(0).partial());
    assertEquals("5001", commit(by("a").append("l", "0")).keys().get(0).result());
  }

  @Test
  void readsOfOneRevisionAreAConsistentCut() {
    commit(by("a").create("a", "1").create("b", "1"));
    Reading first = store.read(List.of(key("a")), ReadOptions.NEWEST);
    commit(by("a").on(read("a")).on(read("b")).put("a", "2").put("b", "2"));
    store.reclaim(reclaim("b", null, null));
    commit(by("a").create("c", "1"));
    ReadOptions then = new ReadOptions(first.revision(), -1, true, false);
    Reading second = store.read(List.of(key("b"), key("c")), then);
    assertEquals("1", text(second.snapshots().get(0)));
    assertEquals(0, second.snapshots().get(0).epoch());
    assertFalse(second.snapshots().get(1).exists());
    assertEquals(2, store.scan("", null, 10, then).snapshots().size());
    assertEquals(3, store.scan("", null, 10, ReadOptions.NEWEST).snapshots().size());
    refused(ErrorCode.VERSION_CONFLICT, by("a").guard(new Guard.UnchangedSince("", first.revision())).increment("n", "1"));
  }

  @Test
  void scanGoesInByteOrderAndInPages() {
    for (String key : List.of("p/b", "p/a", "p/\uD83D\uDE00", "p/\uFFFD", "q", "p0")) {
      commit(by("a").create(key, "1"));
    }
    Reading page = store.scan("p/", null, 2, ReadOptions.NEWEST);
    assertEquals(List.of("p/a", "p/b"), page.snapshots().stream().map(s -> s.key().toString()).toList());
    assertTrue(page.more());
    Reading rest = store.scan("p/", key("p/b"), 10, ReadOptions.NEWEST);
    assertEquals(List.of("p/\uFFFD", "p/\uD83D\uDE00"), rest.snapshots().stream().map(s -> s.key().toString()).toList());
    assertFalse(rest.more());
  }

  @Test
  void deletePrefixFollowsATicketOfAKeyBelow() {
    Ticket mine = ticket("mine", read("t/1/head"));
    commit(by("a").follows("t/1/head", mine).put("t/1/head", "1").create("t/1/x", "1").create("t/2/x", "1"));
    refused(ErrorCode.INVALID, by("a").write(new Write.DeletePrefix("t/1/")));
    commit(by("a").follows("t/1/head", mine).write(new Write.DeletePrefix("t/1/")));
    assertEquals(1, store.scan("t/", null, 10, ReadOptions.NEWEST).snapshots().size());
  }

  @Test
  void blindPutIsInvalid() {
    refused(ErrorCode.INVALID, by("a").put("k", "1"));
    refused(ErrorCode.INVALID, by("a").create("k", "{"));
    refused(ErrorCode.INVALID, () -> key("a//b"));
    refused(ErrorCode.INVALID, () -> key("~x"));
  }

  @Test
  void baseOfAnotherStoreIsRefused() {
    refused(ErrorCode.STORE_CHANGED, by("a").on(read("k")).put("k", "1").store("other", 0));
    refused(ErrorCode.STORE_CHANGED, by("a").on(read("k")).put("k", "1").store(store.storeId(), 1_000_000));
    assertNotEquals("other", store.storeId());
  }

  @Test
  void requestPastItsDeadlineIsNotJudged() {
    refused(ErrorCode.UNAVAILABLE, by("a").append("l", "1").deadline(store.now() - 1));
    assertFalse(read("l").exists());
  }

  /** The first copy may have been committed and its answer lost: "nothing was changed" would be a lie. */
  @Test
  void lateCopyOfACommittedRequestGetsItsReceipt() {
    Request append = by("a").append("l", "1");
    Receipt first = commit(append);
    Receipt second = commit(append.deadline(store.now() - 1));
    assertTrue(second.replayed());
    assertEquals(first.keys(), second.keys());
  }

  /** "Nothing was changed" was answered: no other copy may change anything afterwards. */
  @Test
  void lateCopyClosesTheAttemptForTheOthers() {
    Request append = by("a").append("l", "1");
    refused(ErrorCode.UNAVAILABLE, append.deadline(store.now() - 1));
    refused(ErrorCode.UNAVAILABLE, append);
    assertFalse(read("l").exists());
  }

  @Test
  void secondOpenerIsToldThatTheDirectoryIsInUse() {
    Rejection rejection = refused(ErrorCode.UNAVAILABLE, () -> Store.open(directory, StoreOptions.DEFAULT));
    assertEquals("locked", rejection.failures().get(0).details().get("reason"));
  }
}
