package mortmain.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import mortmain.disk.MemoryDisk;
import org.junit.jupiter.api.Test;

/** Power is lost at every step, with every outcome for each unforced byte, sector and name. */
class CrashTest {
  private final MemoryDisk disk = new MemoryDisk();
  private final CrashExplorer explorer = new CrashExplorer();

  @Test
  void nothingAcknowledgedIsLostWhenPowerFailsAtAnyStep() throws IOException {
    explorer.explore(disk, () -> {
      Journal journal = explorer.open(disk, new Replayed());
      for (int i = 0; i < 12; i++) {
        explorer.commit(journal, 40 * i, 3, 0);
      }
      explorer.append(journal, 700, 900);
      explorer.append(journal, 30);
      journal.close();
    }, explorer::recover);
    assertTrue(explorer.images > 2000, () -> explorer.images + " images");
    assertTrue(explorer.recoveredLess > 500, () -> explorer.recoveredLess + " images lost their tail");
  }

  @Test
  void aSecondCrashDuringRecoveryLosesNothingAndBringsNothingBack() throws IOException {
    explorer.explore(disk, () -> {
      Journal journal = explorer.open(disk, new Replayed());
      explorer.commit(journal, 10);
      explorer.commit(journal, 30, 5);
      journal.mark();
      explorer.commit(journal, 440);
    }, explorer.crashAgainInOneOf(3));
    assertTrue(explorer.images > 2_000, () -> explorer.images + " images");
  }

  @Test
  void powerFailsAtEveryStepOfTheWayToTheNextSegments() throws IOException {
    Journal journal = explorer.open(disk, new Replayed());
    explorer.commit(journal, 500);
    explorer.explore(disk, () -> {
      explorer.commit(journal, 1400);
      explorer.commit(journal, 2300);
      explorer.commit(journal, 100);
    }, explorer.crashAgainInOneOf(101));
    assertEquals(4, explorer.issued.size());
    assertTrue(explorer.issued.get(3).segment >= 3);
  }

  @Test
  void aBigFrameIsLostWholeOrKeptWhole() throws IOException {
    Journal journal = explorer.open(disk, new Replayed());
    explorer.commit(journal, 500);
    explorer.explore(disk, () -> explorer.commit(journal, 9000, 20_000), explorer::recover);
    explorer.explore(disk, () -> explorer.commit(journal, 10), explorer::recover);
    assertEquals(2, explorer.issued.get(1).segment);
  }

  @Test
  void aFrameThatOnlyTheCacheHadIsDurableOnceItWasServed() throws IOException {
    Journal journal = explorer.open(disk, new Replayed());
    explorer.commit(journal, 100);
    MemoryDisk[] killed = new MemoryDisk[1];
    disk.listen(step -> {
      if (step.startsWith("force")) {
        killed[0] = disk.kill();
      }
    });
    explorer.append(journal, 200);
    journal.drive();
    MemoryDisk alone = killed[0];
    assertEquals(1, explorer.recover(alone.losePower()), "the workload must leave the frame in the cache only");
    Replayed replayed = new Replayed();
    Journal reopened = explorer.open(alone, replayed);
    assertEquals(2, replayed.revisions.size());
    explorer.acknowledged = 2;
    assertEquals(2, explorer.recover(alone.losePower()));
    reopened.close();
  }

  @Test
  void aSegmentThatIsNotListedIsRemoved() throws IOException {
    explorer.open(disk, new Replayed()).close();
    disk.tamper(CrashExplorer.ROOT.resolve("journal/00000002.seg"), new byte[4096]);
    disk.tamper(CrashExplorer.ROOT.resolve("MANIFEST.tmp"), new byte[] {'m', 'o'});
    explorer.open(disk, new Replayed()).close();
    assertEquals(List.of("00000001.seg"), disk.list(CrashExplorer.ROOT.resolve("journal")));
    assertEquals(List.of("FORMAT", "MANIFEST"), disk.list(CrashExplorer.ROOT));
  }
}
