package mortmain.journal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.LongStream;
import mortmain.disk.MemoryDisk;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Repair keeps what it was told to keep, throws nothing away, and does nothing that it was not told. */
class RepairTest {
  private final CrashExplorer explorer = new CrashExplorer();
  private final MemoryDisk disk = new MemoryDisk();

  @BeforeEach
  void write() throws IOException {
    Journal journal = explorer.open(disk, new Replayed());
    for (int i = 0; i < 10; i++) {
      explorer.commit(journal, 300, 20, 100 * i);
    }
  }

  private List<Long> revisions(MemoryDisk of) throws IOException {
    Replayed replayed = new Replayed();
    Journal journal = explorer.open(of, replayed);
    long next = journal.lastRevision() + 1;
    journal.append(List.of(Plain.of(next)));
    journal.awaitDurable(next);
    journal.verify();
    journal.close();
    for (int i = 0; i < replayed.values.size(); i++) {
      assertArrayEquals(explorer.issued.get(i).bytes(), replayed.values.get(i));
    }
    return replayed.revisions;
  }

  @Test
  void everyRevisionCanBeTheLastOne() throws IOException {
    for (long keep = 0; keep <= 30; keep++) {
      MemoryDisk copy = disk.kill();
      RepairReport report = JournalRepair.repair(copy, CrashExplorer.ROOT, keep);
      assertEquals(keep, report.lastRevision());
      assertEquals(LongStream.rangeClosed(1, keep).boxed().toList(), revisions(copy));
    }
  }

  @Test
  void whatIsCutOffLiesInLost() throws IOException {
    byte[] second = disk.content(CrashExplorer.ROOT.resolve("journal/00000002.seg"));
    assertTrue(explorer.issued.get(29).segment >= 3, "the workload fills three segments");
    RepairReport report = JournalRepair.repair(disk, CrashExplorer.ROOT, 2);
    assertArrayEquals(second, disk.content(report.lost().resolve("00000002.seg")));
    assertTrue(disk.exists(report.lost().resolve("00000001.seg@" + report.offset())));
    assertTrue(report.cutBytes() > second.length);
  }

  @Test
  void aDamagedJournalOpensAfterTheCut() throws IOException {
    Plain damaged = explorer.issued.get(12);
    Path path = CrashExplorer.ROOT.resolve(Home.relative(damaged.segment));
    byte[] content = disk.content(path);
    content[damaged.offset + 100] ^= 1;
    disk.tamper(path, content);
    JournalDamaged damage = assertThrows(JournalDamaged.class, () -> explorer.open(disk, new Replayed()));
    assertEquals(13, damage.firstRevision());
    assertThrows(JournalDamaged.class, () -> JournalRepair.repair(disk, CrashExplorer.ROOT, 13));
    assertArrayEquals(content, disk.content(path), "a refused repair changes nothing");
    JournalRepair.repair(disk, CrashExplorer.ROOT, damage.firstRevision() - 1);
    assertEquals(12, revisions(disk).size());
  }

  @Test
  void moreThanThereIsCannotBeKept() {
    JournalDamaged refused = assertThrows(JournalDamaged.class, () -> JournalRepair.repair(disk, CrashExplorer.ROOT, 31));
    assertEquals(31, refused.firstRevision());
  }

  @Test
  void aLostManifestIsMadeAnew() throws IOException {
    disk.lose(CrashExplorer.ROOT.resolve("MANIFEST"));
    JournalRepair.repair(disk, CrashExplorer.ROOT, 30);
    assertEquals(30, revisions(disk).size());
  }
}
