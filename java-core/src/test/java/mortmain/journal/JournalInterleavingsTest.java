package mortmain.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import mortmain.Interleavings;
import org.jetbrains.lincheck.LincheckAssertionError;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Every order of steps, as far as Lincheck gets, of what lets threads share a force: nobody is forgotten, nobody is answered too early. */
@Tag("interleavings")
class JournalInterleavingsTest {
  private static final JournalOptions ONE_RECORD_A_FRAME = JournalOptions.defaults().largestFrame(64);

  /** Two batches are never written at once, nor in another order than they were appended in; from one revision on it fails. */
  private static final class Written implements Writing {
    private final AtomicInteger writers = new AtomicInteger();
    private final long fails;
    private volatile long forced;

    Written(long fails) {
      this.fails = fails;
    }

    @Override
    public void write(Batch batch) throws IOException {
      assertEquals(1, writers.incrementAndGet());
      assertTrue(batch.mark || batch.first == forced + 1);
      batch.handed = true;
      if (batch.last >= fails) {
        writers.decrementAndGet();
        throw new IOException("EIO");
      }
      forced = batch.last;
      writers.decrementAndGet();
    }

    @Override
    public long forceNanos() {
      return 1;
    }
  }

  /** Revisions are given out in the order in which they are appended, as by the engine's lock. */
  private static final class Orders {
    private final GroupCommit journal;
    private long last;

    Orders(Written disk) {
      journal = new GroupCommit(disk, ONE_RECORD_A_FRAME, new Recovered(List.of(), 0, 0, 0, true, null));
    }

    synchronized long append() {
      journal.append(List.of(new Plain(++last, new byte[50]))); // no loop: Lincheck takes one of 50 steps for a spin
      return last;
    }
  }

  @Test
  void whoeverWaitsIsWokenWhenItsRecordIsForcedAndNotBefore() {
    Interleavings.of(50, () -> {
      Written disk = new Written(Long.MAX_VALUE);
      Orders orders = new Orders(disk);
      Interleavings.twice(() -> {
        long revision = orders.append();
        orders.journal.await(revision);
        assertTrue(disk.forced >= revision && orders.journal.durable() >= revision);
      });
      orders.journal.close();
      assertEquals(2, disk.forced);
    });
  }

  @Test
  void everyActionIsRunOnceAndAfterItsForce() {
    Interleavings.of(50, () -> {
      Written disk = new Written(Long.MAX_VALUE);
      Orders orders = new Orders(disk);
      AtomicInteger told = new AtomicInteger();
      Interleavings.twice(() -> {
        long revision = orders.append();
        orders.journal.whenDurable(revision, failure -> told.addAndGet(failure == null && disk.forced >= revision ? 1 : 100));
        orders.journal.drive();
      });
      orders.journal.close();
      assertEquals(2, told.get());
    });
  }

  @Test
  void whatIsKeptBackForMoreIsForcedWhenThereIsMore() {
    Interleavings.of(20, () -> {
      Written disk = new Written(Long.MAX_VALUE);
      GroupCommit journal = new GroupCommit(disk, JournalOptions.defaults(), new Recovered(List.of(), 0, 0, 0, true, null));
      AtomicInteger last = new AtomicInteger();
      AtomicInteger told = new AtomicInteger();
      Interleavings.twice(() -> {
        synchronized (last) {
          journal.append(List.of(new Plain(last.incrementAndGet(), new byte[50])));
          journal.whenDurable(last.get(), failure -> told.addAndGet(failure == null ? 1 : 100));
        }
        journal.driveElsewhere(2, Long.MAX_VALUE / 2);
      });
      while (told.get() < 2) {
        Thread.onSpinWait();
      }
      journal.close();
      assertEquals(2, told.get());
    });
  }

  @Test
  void aFailedForceIsToldToEverybodyBehindItAndAcknowledgedToNobody() {
    Interleavings.of(50, () -> {
      Orders orders = new Orders(new Written(2));
      AtomicInteger refused = new AtomicInteger();
      Interleavings.twice(() -> {
        try {
          long revision = orders.append();
          orders.journal.await(revision);
          assertTrue(revision < 2);
        } catch (JournalPoisoned poisoned) {
          refused.incrementAndGet();
        }
      });
      orders.journal.close();
      assertTrue(refused.get() > 0 && orders.journal.durable() < 2);
    });
  }

  @Test
  void noWakeUpOfTheRelayIsLost() {
    Interleavings.of(50, () -> {
      AtomicInteger work = new AtomicInteger();
      AtomicInteger done = new AtomicInteger();
      Relay relay = new Relay(() -> done.addAndGet(work.getAndSet(0)), () -> { });
      Interleavings.twice(() -> {
        work.incrementAndGet();
        relay.wake();
      });
      while (done.get() < 2) {
        Thread.onSpinWait();
      }
      relay.stop();
    });
  }

  @Test
  void noRingIsMissed() {
    Interleavings.of(50, () -> {
      Bell bell = new Bell();
      rung(bell::await, bell::ring);
    });
  }

  /** A bell that looks before it says that somebody waits. */
  private static final class EarlyLook {
    private final AtomicInteger waiting = new AtomicInteger();

    synchronized void await(BooleanSupplier condition) throws InterruptedException {
      while (!condition.getAsBoolean()) {
        waiting.incrementAndGet();
        wait();
        waiting.decrementAndGet();
      }
    }

    void ring() {
      if (waiting.get() > 0) {
        synchronized (this) {
          notifyAll();
        }
      }
    }
  }

  @Test
  void aBellThatMissesARingIsFound() {
    assertThrows(LincheckAssertionError.class, () -> Interleavings.of(50, () -> {
      EarlyLook bell = new EarlyLook();
      rung((condition, nanos) -> bell.await(condition), bell::ring);
    }));
  }

  private interface Awaiting {
    void await(BooleanSupplier condition, long nanos) throws InterruptedException;
  }

  private static void rung(Awaiting awaiting, Runnable ring) {
    AtomicInteger steps = new AtomicInteger();
    Interleavings.both(
        () -> {
          try {
            awaiting.await(() -> steps.get() == 1, Long.MAX_VALUE / 2);
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
          assertEquals(1, steps.get());
        },
        () -> {
          steps.incrementAndGet();
          ring.run();
        });
  }

  @Test
  void aReleaseBeforeOrDuringTheWaitEndsIt() {
    Interleavings.of(50, () -> {
      AtomicReference<Waiter> place = new AtomicReference<>();
      Interleavings.both(
          () -> {
            Waiter waiter = new Waiter();
            place.set(waiter);
            waiter.await();
          },
          () -> {
            while (place.get() == null) {
              Thread.onSpinWait();
            }
            place.get().release();
          });
    });
  }
}
