package mortmain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class HandsTest {
  private final Hands<String> hands = new Hands<>();

  /** A thread that takes once each time that it is told to, and says what it got. */
  private final class Taker extends Thread {
    final SynchronousQueue<Boolean> go = new SynchronousQueue<>();
    final LinkedBlockingQueue<String> got = new LinkedBlockingQueue<>();

    Taker() {
      setDaemon(true);
      start();
    }

    @Override
    public void run() {
      try {
        while (go.take()) {
          String work = hands.take();
          got.add(work == null ? "nothing" : work);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    void takeAndWait() throws InterruptedException {
      go.put(true);
      while (!(LockSupport.getBlocker(this) instanceof Condition)) {
        Thread.onSpinWait();
      }
    }
  }

  @Test
  void workThatComesBeforeAnyThreadIsNotLost() {
    assertTrue(hands.give("a"));
    assertTrue(hands.give("b"));
    assertEquals("a", hands.take());
    assertEquals("b", hands.take());
  }

  @Test
  void whatAThreadMakesReadyItselfItTakesItself() throws Exception {
    Taker other = new Taker();
    hands.give("first");
    assertEquals("first", hands.take());
    other.takeAndWait();
    hands.give("mine");
    hands.give("another's");
    assertEquals("another's", other.got.take());
    assertEquals("mine", hands.take());
  }

  @Test
  void aChainOfWorkDoesNotKeepAThreadFromWhatWaits() {
    hands.give("first");
    hands.give("waits");
    assertEquals("first", hands.take());
    hands.give("mine");
    assertEquals("waits", hands.take());
    assertEquals("mine", hands.take());
  }

  @Test
  void theOneThatWorkedLastIsWokenFirst() throws Exception {
    Taker early = new Taker();
    Taker late = new Taker();
    early.takeAndWait();
    late.takeAndWait();
    hands.give("a");
    assertEquals("a", late.got.take());
    hands.give("b");
    assertEquals("b", early.got.take());
  }

  @Test
  void closingWakesEveryoneAndGivesBackWhatNobodyTook() throws Exception {
    Taker waits = new Taker();
    waits.takeAndWait();
    assertEquals(List.of(), hands.close());
    assertEquals("nothing", waits.got.take());
    assertFalse(hands.give("late"));
    assertNull(hands.take());
    Hands<String> unused = new Hands<>();
    unused.give("left");
    assertEquals(List.of("left"), unused.close());
  }
}
