package mortmain.file;

import static mortmain.Request.by;
import static mortmain.Request.claim;
import static mortmain.Request.claimId;
import static mortmain.Request.key;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntFunction;
import mortmain.Request;
import mortmain.model.ClaimRequest;
import mortmain.model.ErrorCode;
import mortmain.model.MortmainException;
import mortmain.model.Receipt;
import mortmain.model.Snapshot;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Many threads on one key. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ContentionTest extends StoreFixture {
  private static final int THREADS = 8;

  private <T> List<T> together(int threads, IntFunction<Callable<T>> work) throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      CyclicBarrier start = new CyclicBarrier(threads);
      List<Future<T>> futures = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        Callable<T> mine = work.apply(i);
        futures.add(pool.submit(() -> {
          start.await();
          return mine.call();
        }));
      }
      List<T> results = new ArrayList<>();
      for (Future<T> future : futures) {
        results.add(future.get());
      }
      return results;
    } finally {
      pool.shutdown();
    }
  }

  @Test
  void ofManyWritersOfOneVersionExactlyOneWinsAndAllOthersLearnWho() throws Exception {
    for (int round = 0; round < 20; round++) {
      Snapshot base = read("k");
      String value = "" + round;
      List<Object> outcomes =
          together(THREADS, i -> () -> {
            try {
              return commit(by("writer" + i).on(base).put("k", value));
            } catch (MortmainException e) {
              return e;
            }
          });
      List<Object> receipts = outcomes.stream().filter(Receipt.class::isInstance).toList();
      assertEquals(1, receipts.size());
      String winner = "writer" + outcomes.indexOf(receipts.get(0));
      for (Object outcome : outcomes) {
        if (outcome instanceof MortmainException refusal) {
          assertEquals(ErrorCode.VERSION_CONFLICT, refusal.code());
          assertEquals(winner, refusal.rejection().failures().get(0).details().get("winner"));
          assertEquals(base.version() + 1, refusal.rejection().current().version());
        }
      }
    }
  }

  @Test
  void noIncrementIsLostAndNoneIsCountedTwice() throws Exception {
    Set<Long> results = new ConcurrentSkipListSet<>();
    together(THREADS, i -> () -> {
      for (int n = 0; n < 100; n++) {
        results.add(Long.parseLong(commit(by("a").increment("n", "1")).keys().get(0).result()));
      }
      return null;
    });
    assertEquals(THREADS * 100, results.size());
    subject.restart();
    assertEquals("800", text("n"));
    assertEquals(800, read("n").version());
  }

  @Test
  void copiesOfOneRequestAreOneCommit() throws Exception {
    for (int round = 0; round < 20; round++) {
      Request request = by("a").append("l", "" + round);
      List<Receipt> receipts = together(4, i -> () -> commit(request));
      assertEquals(3, receipts.stream().filter(Receipt::replayed).count());
      assertEquals(1, receipts.stream().map(Receipt::keys).distinct().count());
    }
    assertEquals(20, read("l").version());
  }

  @Test
  void aRequestThatIsBeingJudgedIsWaitedForByResolve() throws Exception {
    subject.store().claim(claim("l", claimId('a'), 60_000, 0));
    Request waiting = by("b").append("l", "1");
    String id = waiting.commit().call().requestId();
    Thread[] threads = {new Thread(() -> commit(waiting)), null};
    threads[0].start();
    awaitState(threads[0], Thread.State.TIMED_WAITING);
    Receipt[] resolved = new Receipt[1];
    threads[1] = new Thread(() -> resolved[0] = subject.store().resolve(id, "b").receipt());
    threads[1].start();
    awaitState(threads[1], Thread.State.WAITING);
    assertFalse(read("l").exists());
    subject.store().release(key("l"), claimId('a'), 0);
    for (Thread thread : threads) {
      thread.join();
    }
    assertNotNull(resolved[0]);
    assertEquals("[1]", text("l"));
  }

  private static void awaitState(Thread thread, Thread.State state) {
    while (thread.getState() != state) {
      Thread.onSpinWait();
    }
  }

  /** The id of an accepted request stays that of its receipt, whoever else used it by mistake. */
  @Test
  void aMistakenReuseOfAnIdDoesNotTakeTheReceiptAway() {
    Request first = by("a").increment("n", "1");
    Request mistaken = by("b").increment("n", "5").id(first.commit().call().requestId());
    Receipt receipt = commit(first);
    refused(ErrorCode.REQUEST_ID_REUSED, mistaken);
    assertEquals(receipt.asReplayed(), commit(first));
    refused(ErrorCode.REQUEST_ID_REUSED, mistaken);
    refused(ErrorCode.STORE_CHANGED, first.store("another", 0));
    assertTrue(commit(first).replayed());
  }

  @Test
  void aRejectedAttemptStaysRejectedWhenALaterOneIsAccepted() {
    Snapshot base = read("k");
    commit(by("winner").on(base).put("k", "1"));
    Request update = by("a").on(base).put("k", "2").attempt(0);
    refused(ErrorCode.VERSION_CONFLICT, update);
    commit(by("a").id(update.commit().call().requestId()).on(read("k")).put("k", "2").attempt(1));
    refused(ErrorCode.VERSION_CONFLICT, update);
  }

  @Test
  void aClaimThatNobodyWaitsForAnyMoreIsNotGranted() {
    clock.advance(1_000_000_000L);
    long past = clock.nanos() - 1;
    var request = new ClaimRequest(key("k"), claimId('a'), "gone", 1000, 0, null, past, Long.MAX_VALUE);
    refused(ErrorCode.UNAVAILABLE, () -> subject.store().claim(request));
    assertEquals(List.of(), subject.store().claims(""));
  }
}
