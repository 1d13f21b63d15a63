package mortmain.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import mortmain.disk.FaultyDisk;
import mortmain.disk.MemoryDisk;
import org.junit.jupiter.api.Test;

/** The first failed write or force ends it: no wrong answer, no second try. */
class PoisonTest {
  private final MemoryDisk memory = new MemoryDisk();
  private final FaultyDisk disk = new FaultyDisk(memory);
  private final CrashExplorer explorer = new CrashExplorer();
  private final List<Throwable> poison = new ArrayList<>();

  private Journal open() throws IOException {
    return Journal.open(disk, CrashExplorer.ROOT, explorer.options.onPoison(poison::add), new Replayed());
  }

  @Test
  void aFailedForceIsUnconfirmedAndNeverTriedAgain() throws IOException {
    Journal journal = open();
    explorer.commit(journal, 10);
    explorer.append(journal, 20);
    disk.fail(FaultyDisk.Step.FORCE, 1, "Input/output error");
    assertTrue(assertThrows(JournalPoisoned.class, () -> journal.awaitDurable(2)).inFlight());
    assertTrue(assertThrows(JournalPoisoned.class, () -> journal.awaitDurable(2)).inFlight());
    journal.awaitDurable(1);
    assertEquals(1, journal.durableRevision());
    assertFalse(assertThrows(JournalPoisoned.class, () -> journal.append(List.of(Plain.of(3)))).inFlight());
    assertThrows(JournalPoisoned.class, journal::mark);
    journal.drive();
    journal.close();
    assertEquals(0, disk.afterFailure());
    assertEquals(1, poison.size());
    memory.forEachCrashImage(image -> assertTrue(recovered(image) >= 1));
    assertEquals(2, recovered(memory.kill()));
  }

  @Test
  void afterAFailedForceTheNextOpenMakesDurableWhatItServes() throws IOException {
    Journal journal = open();
    explorer.commit(journal, 10);
    explorer.append(journal, 900); // several sectors: the mark of the next close must not make them durable by the way
    disk.fail(FaultyDisk.Step.FORCE, 1, "Input/output error");
    assertThrows(JournalPoisoned.class, () -> journal.awaitDurable(2));
    MemoryDisk restarted = memory.kill();
    assertEquals(2, recovered(restarted));
    assertEquals(2, recovered(restarted.losePower()));
  }

  private int recovered(MemoryDisk image) {
    try {
      return explorer.recover(image);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aFrameThatWasNeverHandedToTheDiskIsCertainlyLost() throws IOException {
    Journal journal = Journal.open(disk, CrashExplorer.ROOT, explorer.options.largestFrame(256), new Replayed());
    explorer.commit(journal, 10);
    explorer.append(journal, 200);
    explorer.append(journal, 200);
    disk.fail(FaultyDisk.Step.WRITE, 1, "No space left on device");
    List<JournalPoisoned> told = new ArrayList<>();
    journal.whenDurable(2, told::add);
    journal.whenDurable(3, told::add);
    journal.drive();
    assertTrue(told.get(0).inFlight());
    assertFalse(told.get(1).inFlight());
    assertFalse(assertThrows(JournalPoisoned.class, () -> journal.awaitDurable(3)).inFlight());
    journal.whenDurable(3, told::add);
    journal.whenDurable(1, told::add);
    assertFalse(told.get(2).inFlight());
    assertNull(told.get(3));
  }

  @Test
  void anyFailingStepPoisonsAndNothingIsAnsweredWrongly() throws IOException {
    int exercised = 0;
    for (FaultyDisk.Step step : FaultyDisk.Step.values()) {
      for (int nth = 1; nth <= 60; nth++) {
        exercised += failAt(step, nth) ? 1 : 0;
      }
    }
    assertTrue(exercised > 40, "" + exercised);
  }

  private boolean failAt(FaultyDisk.Step step, int nth) throws IOException {
    MemoryDisk inner = new MemoryDisk();
    FaultyDisk faulty = new FaultyDisk(inner).shortWrites(100);
    CrashExplorer run = new CrashExplorer();
    Journal journal = Journal.open(faulty, CrashExplorer.ROOT, run.options, new Replayed());
    faulty.fail(step, nth, "Input/output error");
    JournalPoisoned failure = null;
    try {
      for (int i = 0; i < 10; i++) {
        run.commit(journal, 300, i * 40);
      }
    } catch (JournalPoisoned e) {
      failure = e;
      assertThrows(JournalPoisoned.class, () -> journal.append(List.of(Plain.of(1000))));
      assertTrue(faulty.failed());
      assertNotNull(e.getCause());
    }
    journal.close();
    MemoryDisk restarted = inner.kill();
    int found = run.recover(restarted);
    if (failure != null && !failure.inFlight()) {
      assertEquals(run.acknowledged, found, "a record that was never handed to the disk came back");
    }
    assertEquals(found, run.recover(restarted.losePower()));
    return failure != null;
  }

  @Test
  void aLockThatIsNoLongerOursPoisonsBeforeAnythingIsWritten() throws IOException {
    AtomicInteger asked = new AtomicInteger();
    Journal journal = Journal.open(disk, CrashExplorer.ROOT, explorer.options.beforeForce(() -> asked.incrementAndGet() < 2), new Replayed());
    explorer.commit(journal, 10);
    int writes = disk.count(FaultyDisk.Step.WRITE);
    explorer.append(journal, 10);
    assertFalse(assertThrows(JournalPoisoned.class, () -> journal.awaitDurable(2)).inFlight());
    assertEquals(writes, disk.count(FaultyDisk.Step.WRITE));
  }

  @Test
  void spaceThatRanOutInTheBackgroundIsTriedInANewFileAndOnlyThenPoisons() throws IOException {
    Journal journal = open();
    disk.fail(FaultyDisk.Step.WRITE, 2, "No space left on device"); // the frame is written, the next segment's zeros are not
    explorer.commit(journal, 1300);
    explorer.commit(journal, 900);
    assertEquals(2, explorer.issued.get(1).segment);
    assertEquals(2, recovered(memory.losePower()));
  }

  @Test
  void whereTheDiskIsNearlyFullTheNextSegmentIsSmall() throws IOException {
    disk.usableSpace(64L << 20);
    JournalOptions options = explorer.options.segments(4096, 16384);
    Journal journal = Journal.open(disk, CrashExplorer.ROOT, options, new Replayed());
    explorer.commit(journal, 3500);
    explorer.commit(journal, 900);
    assertEquals(2, explorer.issued.get(1).segment);
    assertEquals(4096, memory.open(new Home(disk, CrashExplorer.ROOT).segment(2)).size());
    assertEquals(8192, options.nominalSize(2));
    assertEquals(2, recovered(memory.losePower()));
  }

  /** Else what is left of it holds the last of the room, and no start finds any. */
  @Test
  void aSegmentThatCouldNotBeFilledIsRemoved() throws IOException {
    Home home = new Home(disk, CrashExplorer.ROOT);
    open().close();
    disk.fail(FaultyDisk.Step.WRITE, 2, "No space left on device");
    assertThrows(IOException.class, () -> new SegmentMaker(home, explorer.options).make(7, 1 << 20));
    assertFalse(disk.exists(home.segment(7)));
  }

  @Test
  void shortWritesAreCompleted() throws IOException {
    disk.shortWrites(7);
    Journal journal = open();
    explorer.commit(journal, 1000);
    explorer.commit(journal, 3000);
    assertEquals(2, recovered(memory.losePower()));
    journal.close();
  }

  @Test
  void aFailureDuringRecoveryIsNotServed() throws IOException {
    Journal journal = open();
    explorer.commit(journal, 10);
    for (int nth = 1; ; nth++) {
      FaultyDisk faulty = new FaultyDisk(memory.kill()).fail(FaultyDisk.Step.FORCE, nth, "Input/output error");
      try {
        Journal.open(faulty, CrashExplorer.ROOT, explorer.options, new Replayed());
        assertTrue(nth > 3);
        return;
      } catch (IOException e) {
        assertEquals("Input/output error", e.getMessage());
      }
    }
  }
}
