package mortmain.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import mortmain.disk.MemoryDisk;
import mortmain.disk.RealDisk;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Many threads, one force: nobody is forgotten, nobody is answered too early. */
@Timeout(60)
class GroupCommitTest {
  @TempDir Path directory;

  private static void inThreads(int threads, Task task) throws InterruptedException, ExecutionException {
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      List<Future<?>> running = new ArrayList<>();
      for (int t = 0; t < threads; t++) {
        int number = t;
        running.add(pool.submit(() -> {
          task.run(number);
          return null;
        }));
      }
      for (Future<?> each : running) {
        each.get();
      }
    } finally {
      pool.shutdownNow();
    }
  }

  private interface Task {
    void run(int thread) throws Exception;
  }

  @Test
  void eightThreadsShareForcesAndLoseNothing() throws Exception {
    Object order = new Object();
    long[] last = {0};
    int each = 2000;
    try (Journal journal = Journal.open(new RealDisk(), directory, JournalOptions.defaults(), new Replayed())) {
      inThreads(8, thread -> {
        for (int i = 0; i < each; i++) {
          long revision;
          synchronized (order) {
            revision = ++last[0];
            journal.append(List.of(Plain.ofSize(revision, 100)));
          }
          journal.awaitDurable(revision);
          assertTrue(journal.durableRevision() >= revision);
        }
      });
      assertEquals(8L * each, journal.stats().records());
      assertTrue(journal.stats().forces() < 4L * each, () -> journal.stats().toString());
    }
    Replayed replayed = new Replayed();
    Journal.open(new RealDisk(), directory, JournalOptions.defaults(), replayed).close();
    assertEquals(8 * each, replayed.revisions.size());
    for (int i = 0; i < replayed.revisions.size(); i++) {
      assertEquals(i + 1, replayed.revisions.get(i));
    }
  }

  @Test
  void waitersDriversAndActionsTogetherAreAllServed() throws Exception {
    Object order = new Object();
    long[] last = {0};
    List<Long> told = Collections.synchronizedList(new ArrayList<>());
    try (Journal journal = Journal.open(new RealDisk(), directory, JournalOptions.defaults().largestFrame(600), new Replayed())) {
      inThreads(6, thread -> {
        for (int i = 0; i < 500; i++) {
          long revision;
          synchronized (order) {
            revision = ++last[0];
            journal.append(List.of(Plain.ofSize(revision, 100)));
          }
          if (thread % 2 == 0) {
            journal.awaitDurable(revision);
          } else {
            journal.whenDurable(revision, failure -> {
              assertNull(failure);
              assertTrue(journal.durableRevision() >= revision);
              told.add(revision);
            });
            journal.drive();
          }
        }
      });
    }
    assertEquals(1500, told.size());
  }

  @Test
  void anInterruptOfAWaitingOrForcingThreadClosesNothing() throws Exception {
    Object order = new Object();
    long[] last = {0};
    AtomicBoolean done = new AtomicBoolean();
    List<Thread> workers = Collections.synchronizedList(new ArrayList<>());
    try (Journal journal = Journal.open(new RealDisk(), directory, JournalOptions.defaults(), new Replayed())) {
      Thread interrupter = new Thread(() -> {
        while (!done.get()) {
          synchronized (workers) {
            workers.forEach(Thread::interrupt);
          }
          Thread.onSpinWait();
        }
      });
      interrupter.start();
      try {
        inThreads(3, thread -> {
          workers.add(Thread.currentThread());
          for (int i = 0; i < 300; i++) {
            long revision;
            synchronized (order) {
              revision = ++last[0];
              journal.append(List.of(Plain.ofSize(revision, 100)));
            }
            journal.awaitDurable(revision);
            journal.read(1, 600, new byte[10]);
          }
        });
      } finally {
        done.set(true);
        interrupter.join();
      }
      assertEquals(900, journal.durableRevision());
    }
  }

  @Test
  void anInterruptIsStillSetWhenAwaitReturns() throws IOException {
    try (Journal journal = Journal.open(new RealDisk(), directory, JournalOptions.defaults(), new Replayed())) {
      journal.append(List.of(Plain.of(1)));
      Thread.currentThread().interrupt();
      journal.awaitDurable(1);
      assertTrue(Thread.interrupted());
    }
  }

  /** Holds the first force until it is told, so that a batch is in flight while others queue. */
  private static final class HeldForce {
    final MemoryDisk disk = new MemoryDisk();
    final CountDownLatch reached = new CountDownLatch(1);
    final CountDownLatch go = new CountDownLatch(1);
    final AtomicBoolean armed = new AtomicBoolean();
    final AtomicBoolean fail = new AtomicBoolean();

    boolean stillOurs() {
      if (armed.compareAndSet(true, false)) {
        reached.countDown();
        try {
          go.await();
        } catch (InterruptedException e) {
          throw new AssertionError(e);
        }
        return !fail.get();
      }
      return true;
    }

    Journal open() throws IOException {
      return Journal.open(disk, CrashExplorer.ROOT, new CrashExplorer().options.beforeForce(this::stillOurs), new Replayed());
    }
  }

  @Test
  void theNextBatchIsNotWrittenBeforeThisOneIsForced() throws Exception {
    HeldForce held = new HeldForce();
    Journal journal = held.open();
    held.armed.set(true);
    journal.append(List.of(Plain.of(1)));
    Thread leader = new Thread(() -> journal.awaitDurable(1));
    leader.start();
    held.reached.await();
    Plain second = Plain.of(2);
    journal.append(List.of(second));
    Thread follower = new Thread(() -> journal.awaitDurable(2));
    follower.start();
    while (follower.getState() != Thread.State.WAITING) {
      Thread.onSpinWait();
    }
    assertEquals(0, second.placements);
    assertEquals(0, journal.durableRevision());
    held.go.countDown();
    leader.join();
    follower.join();
    assertEquals(1, second.placements);
    assertEquals(2, journal.durableRevision());
    assertEquals(2, journal.stats().forces());
  }

  @Test
  void aFailureWakesEveryWaiter() throws Exception {
    HeldForce held = new HeldForce();
    Journal journal = held.open();
    held.armed.set(true);
    held.fail.set(true);
    journal.append(List.of(Plain.of(1)));
    AtomicReference<JournalPoisoned> first = new AtomicReference<>();
    Thread leader = new Thread(() -> first.set(assertThrows(JournalPoisoned.class, () -> journal.awaitDurable(1))));
    leader.start();
    held.reached.await();
    journal.append(List.of(Plain.of(2)));
    List<Thread> waiters = new ArrayList<>();
    List<Boolean> told = Collections.synchronizedList(new ArrayList<>());
    for (long revision : new long[] {1, 2, 2}) {
      Thread waiter = new Thread(() -> told.add(assertThrows(JournalPoisoned.class, () -> journal.awaitDurable(revision)).inFlight()));
      waiter.start();
      waiters.add(waiter);
      while (waiter.getState() != Thread.State.WAITING) {
        Thread.onSpinWait();
      }
    }
    held.go.countDown();
    leader.join();
    for (Thread waiter : waiters) {
      waiter.join();
    }
    assertEquals(List.of(false, false, false), told);
    assertFalse(first.get().inFlight());
  }

  @Test
  void aDriverIsReleasedWhenAnotherSeesItsBatchThrough() throws Exception {
    HeldForce held = new HeldForce();
    Journal journal = held.open();
    held.armed.set(true);
    journal.append(List.of(Plain.of(1)));
    Thread leader = new Thread(() -> journal.awaitDurable(1));
    leader.start();
    held.reached.await();
    journal.append(List.of(Plain.of(2)));
    CompletableFuture<Object> told = new CompletableFuture<>();
    journal.whenDurable(2, failure -> told.complete(failure == null ? "durable" : failure));
    Thread waiter = new Thread(() -> journal.awaitDurable(2));
    waiter.start();
    while (waiter.getState() != Thread.State.WAITING) {
      Thread.onSpinWait();
    }
    journal.drive();
    assertFalse(told.isDone());
    held.go.countDown();
    waiter.join();
    leader.join();
    assertEquals("durable", told.get(10, TimeUnit.SECONDS));
  }

  private static final long NEVER = Long.MAX_VALUE / 2;

  private static CompletableFuture<Boolean> appended(Journal journal, long revision) {
    CompletableFuture<Boolean> durable = new CompletableFuture<>();
    journal.append(List.of(Plain.of(revision)));
    journal.whenDurable(revision, failure -> durable.complete(failure == null));
    return durable;
  }

  @Test
  void whatIsKeptBackForMoreIsForcedInTimeWhenNothingComes() throws Exception {
    try (Journal journal = new HeldForce().open()) {
      CompletableFuture<Boolean> told = appended(journal, 1);
      journal.driveElsewhere(100, 1_000_000);
      assertTrue(told.get(10, TimeUnit.SECONDS));
      CompletableFuture<Boolean> next = appended(journal, 2); // and once more: the time was not used up
      journal.driveElsewhere(100, 1_000_000);
      assertTrue(next.get(10, TimeUnit.SECONDS));
    }
  }

  @Test
  void whatIsKeptBackIsForcedTogetherAsSoonAsThereIsEnough() throws Exception {
    try (Journal journal = new HeldForce().open()) {
      long forces = journal.stats().forces();
      CompletableFuture<Boolean> first = appended(journal, 1);
      journal.driveElsewhere(3, NEVER);
      CompletableFuture<Boolean> second = appended(journal, 2);
      journal.driveElsewhere(3, NEVER);
      CompletableFuture<Boolean> third = appended(journal, 3);
      assertFalse(first.isDone() || second.isDone());
      journal.driveElsewhere(3, NEVER);
      assertTrue(third.get(10, TimeUnit.SECONDS) && first.isDone() && second.isDone());
      assertEquals(forces + 1, journal.stats().forces());
    }
  }

  @Test
  void nobodyWhoWaitsIsKeptBackWithTheOthers() throws Exception {
    HeldForce held = new HeldForce();
    try (Journal journal = held.open()) {
      CompletableFuture<Boolean> kept = appended(journal, 1);
      journal.driveElsewhere(100, NEVER);
      journal.awaitDurable(1);
      assertTrue(kept.get(10, TimeUnit.SECONDS));

      kept = appended(journal, 2);
      journal.driveElsewhere(100, NEVER);
      journal.drive();
      assertTrue(kept.get(10, TimeUnit.SECONDS));

      kept = appended(journal, 3);
      journal.driveElsewhere(100, NEVER);
      journal.driveElsewhere(1, NEVER);
      journal.driveElsewhere(100, NEVER);
      assertTrue(kept.get(10, TimeUnit.SECONDS));
    }
  }

  @Test
  void whoDrivesDuringAForceIsNotKeptBackBehindIt() throws Exception {
    HeldForce held = new HeldForce();
    try (Journal journal = held.open()) {
      held.armed.set(true);
      CompletableFuture<Boolean> inFlight = appended(journal, 1);
      journal.driveElsewhere(1, NEVER);
      held.reached.await();
      CompletableFuture<Boolean> next = appended(journal, 2);
      journal.drive();
      CompletableFuture<Boolean> kept = appended(journal, 3);
      journal.driveElsewhere(100, NEVER);
      held.go.countDown();
      assertTrue(inFlight.get(10, TimeUnit.SECONDS) && next.get(10, TimeUnit.SECONDS) && kept.get(10, TimeUnit.SECONDS));
    }
  }

  @Test
  void whatIsKeptBackBehindAForceIsLookedForLater() throws Exception {
    HeldForce held = new HeldForce();
    try (Journal journal = held.open()) {
      held.armed.set(true);
      CompletableFuture<Boolean> inFlight = appended(journal, 1);
      Thread leader = new Thread(journal::drive);
      leader.start();
      held.reached.await();
      CompletableFuture<Boolean> kept = appended(journal, 2);
      journal.driveElsewhere(100, 1_000_000);
      held.go.countDown();
      assertTrue(inFlight.get(10, TimeUnit.SECONDS) && kept.get(10, TimeUnit.SECONDS));
      leader.join();
    }
  }

  @Test
  void closeForcesWhatIsPendingAndRefusesTheRest() throws IOException {
    MemoryDisk disk = new MemoryDisk();
    CrashExplorer explorer = new CrashExplorer();
    Journal journal = explorer.open(disk, new Replayed());
    explorer.append(journal, 10);
    journal.close();
    journal.close();
    assertFalse(assertThrows(JournalPoisoned.class, () -> journal.append(List.of(Plain.of(2)))).inFlight());
    journal.awaitDurable(1);
    assertEquals(1, explorer.recover(disk.losePower()));
  }
}
