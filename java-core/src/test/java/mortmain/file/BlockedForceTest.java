package mortmain.file;

import static mortmain.Request.by;
import static mortmain.Request.key;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import mortmain.Request;
import mortmain.disk.MemoryDisk;
import mortmain.model.ErrorCode;
import mortmain.model.Guard;
import mortmain.model.HistoryRequest;
import mortmain.model.KeyEvent;
import mortmain.model.KeyEvents;
import mortmain.model.MortmainException;
import mortmain.model.Outcome;
import mortmain.model.ReadOptions;
import mortmain.model.Receipt;
import mortmain.model.Snapshot;
import mortmain.model.WatchRequest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** While a force is under way nothing is said about what it would make durable. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class BlockedForceTest extends StoreFixture {
  private final CountDownLatch entered = new CountDownLatch(1);
  private final CountDownLatch gate = new CountDownLatch(1);
  private final AtomicReference<MemoryDisk> crashed = new AtomicReference<>();

  /** The next force of a segment takes until the gate opens; what a power loss then leaves is kept. */
  private void blockTheNextForce() {
    memory.listen(step -> {
      if (step.startsWith("force") && step.endsWith(".seg") && crashed.get() == null) {
        crashed.set(memory.losePower());
        entered.countDown();
        awaitGate();
      }
    });
  }

  @AfterEach
  void openTheGate() {
    gate.countDown();
  }

  private void awaitGate() {
    try {
      gate.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Says nothing until it has something to say. */
  private static final class Heard implements Outcome<Receipt> {
    private final CompletableFuture<Receipt> future = new CompletableFuture<>();

    @Override
    public void answer(Receipt receipt) {
      future.complete(receipt);
    }

    @Override
    public void reject(MortmainException rejection) {
      future.completeExceptionally(rejection);
    }
  }

  private Thread begin(Request request, Heard heard) throws InterruptedException {
    Thread thread = new Thread(() -> subject.store().commit(request.commit(), heard));
    thread.start();
    entered.await();
    return thread;
  }

  private Heard ask(Request request) {
    Heard heard = new Heard();
    subject.store().commit(request.commit(), heard);
    return heard;
  }

  @Test
  void neitherAWatchNorAHistoryShowsACommitWhoseForceIsUnderWay() throws InterruptedException {
    commit(by("a").create("k", "1"));
    long after = subject.store().durableRevision();
    Request second = by("a").on(read("k")).put("k", "2");
    WatchRequest request = new WatchRequest("", after, 10, true, 0, null);
    CompletableFuture<KeyEvents> history = new CompletableFuture<>();
    blockTheNextForce();
    Heard heard = new Heard();
    Thread thread = begin(second, heard);
    KeyEvents early = subject.store().watch(request);
    assertEquals(List.of(), early.events());
    assertEquals(after, early.revision());
    Thread asker = new Thread(() -> history.complete(subject.store().history(new HistoryRequest(key("k"), 0, 10, false))));
    asker.start();
    while (asker.getState() != Thread.State.WAITING && !history.isDone()) {
      Thread.onSpinWait();
    }
    assertFalse(history.isDone());
    gate.countDown();
    thread.join();
    assertEquals(2, history.join().events().get(0).version());
    assertEquals(List.of(2L), subject.store().watch(request).events().stream().map(KeyEvent::version).toList());
  }

  @Test
  void aConflictWithAnUnforcedCommitIsNotToldBeforeTheForce() throws InterruptedException {
    Snapshot base = read("k");
    Request winner = by("winner").on(base).put("k", "1");
    Request loser = by("loser").on(base).put("k", "2");
    blockTheNextForce();
    Heard won = new Heard();
    Thread thread = begin(winner, won);
    Heard lost = ask(loser);
    Heard copy = ask(loser);
    Heard replay = ask(winner);
    Heard other = ask(by("c").on(read("elsewhere")).guard(new Guard.Absent(key("k"))).put("elsewhere", "1"));
    for (Heard heard : List.of(won, lost, copy, replay, other)) {
      assertFalse(heard.future.isDone());
    }
    gate.countDown();
    thread.join();
    assertEquals(1, won.future.join().keys().get(0).version());
    assertEquals(won.future.join().asReplayed(), replay.future.join());
    for (Heard heard : List.of(lost, copy)) {
      MortmainException refusal = (MortmainException) heard.future.handle((receipt, failure) -> failure).join();
      assertEquals("winner", refusal.rejection().failures().get(0).details().get("winner"));
    }
    assertTrue(other.future.isCompletedExceptionally());
  }

  @Test
  void neitherTheCommitNorTheConflictIsKnownAfterACrash() throws InterruptedException {
    Snapshot base = read("k");
    Request winner = by("winner").on(base).put("k", "1");
    Request loser = by("loser").on(base).put("k", "2");
    blockTheNextForce();
    Thread thread = begin(winner, new Heard());
    ask(loser);
    FileSubject after = reopened(crashed.get());
    assertFalse(read(after, "k").exists());
    assertNull(after.store().resolve(winner.commit().call().requestId(), "w").receipt());
    refused(ErrorCode.REQUEST_ID_REUSED, () -> after.store().commit(winner.commit()));
    assertFalse(after.store().commit(loser.commit()).replayed());
    after.close();
    gate.countDown();
    thread.join();
  }

  @Test
  void readsShowNothingUnforcedExceptToWhomHasTheTurn() throws InterruptedException {
    blockTheNextForce();
    Thread thread = begin(by("a").create("k", "1"), new Heard());
    CompletableFuture<Snapshot> plain = new CompletableFuture<>();
    Thread reader = new Thread(() -> plain.complete(read("k")));
    reader.start();
    while (reader.getState() != Thread.State.WAITING) {
      Thread.onSpinWait();
    }
    assertFalse(plain.isDone());
    ReadOptions inFlight = new ReadOptions(-1, -1, true, true);
    assertEquals("1", Request.text(subject.store().read(List.of(key("k")), inFlight).snapshots().get(0)));
    assertFalse(read("elsewhere").exists());
    assertFalse(subject.store().read(List.of(key("elsewhere")), ReadOptions.NEWEST).revision() > subject.store().durableRevision());
    gate.countDown();
    thread.join();
    assertEquals("1", Request.text(plain.join()));
  }
}
