package mortmain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import mortmain.model.Event;
import mortmain.model.Key;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Every order of steps, as far as Lincheck gets, of the queues in front of the engine: nobody waits for what has happened already. */
@Tag("interleavings")
class StoreInterleavingsTest {
  private static final Key KEY = Key.of("k");
  private static final long FOR_EVER = Long.MAX_VALUE / 4;

  /** Decisions are made one after the other, as under the engine's lock. */
  private static final class Held {
    private boolean held = true;

    synchronized boolean isHeld() {
      return held;
    }

    synchronized void release(Waiters waiters) {
      held = false;
      waiters.on(new Event.ClaimReleased(1, 0, KEY, "a"));
    }
  }

  @Test
  void whoEntersTheQueueWhileTheClaimEndsIsNotLeftThere() {
    Interleavings.of(50, () -> {
      Waiters waiters = new Waiters();
      Held claim = new Held();
      Interleavings.both(
          () -> {
            try (Waiters.Waiter waiter = waiters.enter(List.of(KEY), "b")) {
              while (claim.isHeld()) {
                waiter.await(FOR_EVER);
              }
            }
          },
          () -> claim.release(waiters));
    });
  }

  @Test
  void whoLeavesTheQueueWakesTheNextOne() {
    Interleavings.of(50, () -> {
      Waiters waiters = new Waiters();
      AtomicInteger served = new AtomicInteger();
      Interleavings.twice(() -> {
        try (Waiters.Waiter waiter = waiters.enter(List.of(KEY), "holder")) {
          while (waiters.before(KEY, waiter) != null) {
            waiter.await(FOR_EVER);
          }
          served.incrementAndGet();
        }
      });
      assertEquals(2, served.get());
    });
  }

  @Test
  void aRequestThatIsBeingJudgedIsWaitedFor() {
    Interleavings.of(50, () -> {
      Judging judging = new Judging();
      AtomicBoolean judged = new AtomicBoolean();
      judging.enter("r");
      Interleavings.both(
          () -> {
            judged.set(true);
            judging.leave("r");
          },
          () -> {
            judging.await("r");
            assertTrue(judged.get());
          });
    });
  }
}
