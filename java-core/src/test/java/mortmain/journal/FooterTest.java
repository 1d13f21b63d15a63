package mortmain.journal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;
import mortmain.disk.MemoryDisk;
import org.junit.jupiter.api.Test;

/** Footers are derived: no state of one may lose a record, and none may hide that records were lost. */
class FooterTest {
  private static final Path FIRST = CrashExplorer.ROOT.resolve("journal/00000001.seg");
  private final CrashExplorer explorer = new CrashExplorer();
  private final MemoryDisk disk = new MemoryDisk();

  private Journal open(MemoryDisk on, Table table) throws IOException {
    return Journal.open(on, CrashExplorer.ROOT, explorer.options, table, table);
  }

  private static void commit(Journal journal, Table table, long from, int count, int size) {
    for (long revision = from; revision < from + count; revision++) {
      journal.append(List.of(table.record(revision, size)));
      journal.awaitDurable(revision);
    }
  }

  /** Writes until there are three segments; returns the last revision. */
  private long fill() throws IOException {
    Table table = new Table();
    long revision = 0;
    try (Journal journal = open(disk, table)) {
      while (!table.placed.containsKey(3)) {
        commit(journal, table, ++revision, 1, 100);
      }
      assertEquals(Set.of(1, 2), table.onDisk.keySet());
    }
    return revision;
  }

  private static List<Long> all(Table table) {
    List<Long> all = new ArrayList<>();
    table.placed.values().forEach(all::addAll);
    return all;
  }

  private Table reopened(byte[] firstSegment) throws IOException {
    MemoryDisk copy = disk.kill();
    copy.tamper(FIRST, firstSegment);
    Table table = new Table();
    Journal journal = open(copy, table);
    VerifyReport report = journal.verify();
    journal.close();
    assertEquals(all(table).size(), report.records());
    return table;
  }

  @Test
  void aSealedSegmentSaysWhatLiesInItBeforeItIsReplayed() throws IOException {
    long last = fill();
    Table table = new Table();
    open(disk, table).close();
    assertEquals(LongStream.rangeClosed(1, last).boxed().toList(), all(table));
    assertEquals(Set.of(1, 2), table.foundAtOpen);
    for (int segment : List.of(1, 2)) {
      assertArrayEquals(table.content(segment), table.onDisk.get(segment));
    }
  }

  @Test
  void aFlippedBitAnywhereInAFooterLosesNothingAndIsMended() throws IOException {
    long last = fill();
    byte[] whole = disk.content(FIRST);
    Table before = new Table();
    open(disk, before).close();
    int length = (int) Footer.length(before.onDisk.get(1).length);
    for (int at = whole.length - length; at < whole.length; at++) {
      byte[] flipped = whole.clone();
      flipped[at] ^= 4;
      Table table = reopened(flipped);
      assertEquals(last, all(table).size(), "flipped at " + at);
      assertArrayEquals(table.content(1), table.onDisk.get(1));
    }
  }

  @Test
  void aFooterThatWasCutAtAnyByteIsMadeAgain() throws IOException {
    long last = fill();
    byte[] whole = disk.content(FIRST);
    Table before = new Table();
    open(disk, before).close();
    for (int cut = whole.length - 1; cut > whole.length - Footer.length(before.onDisk.get(1).length); cut--) {
      byte[] torn = whole.clone();
      Arrays.fill(torn, cut, torn.length, (byte) 0);
      Table table = reopened(torn);
      assertEquals(last, all(table).size());
      assertFalse(table.foundAtOpen.contains(1));
      assertArrayEquals(table.content(1), table.onDisk.get(1));
    }
  }

  @Test
  void aMissingFooterIsWrittenAtOpen() throws IOException {
    fill();
    byte[] whole = disk.content(FIRST);
    byte[] missing = whole.clone();
    Table before = new Table();
    open(disk, before).close();
    Arrays.fill(missing, whole.length - (int) Footer.length(before.onDisk.get(1).length), whole.length, (byte) 0);
    disk.tamper(FIRST, missing);
    open(disk, new Table()).close();
    assertArrayEquals(whole, disk.content(FIRST));
  }

  @Test
  void aFlippedBitInARecordBeforeTheFooterIsStillDamage() throws IOException {
    fill();
    byte[] whole = disk.content(FIRST);
    for (int at = Segment.HEADER; at < whole.length - 700; at += 37) {
      byte[] flipped = whole.clone();
      flipped[at] ^= 1;
      assertThrows(JournalDamaged.class, () -> reopened(flipped), "flipped at " + at);
    }
  }

  @Test
  void aDamagedFooterDoesNotHideThatTheLastFramesWereCutOff() throws IOException {
    fill();
    byte[] whole = disk.content(FIRST);
    Table table = new Table();
    open(disk, table).close();
    int frame = (int) Frame.length(Frame.RECORD_PREFIX + 100);
    int end = Segment.HEADER + table.placed.get(1).size() * frame;
    byte[] cut = whole.clone();
    Arrays.fill(cut, end - frame, end, (byte) 0);
    JournalDamaged byFooter = assertThrows(JournalDamaged.class, () -> reopened(cut));
    assertTrue(byFooter.getMessage().contains("its footer knows revision"), byFooter.getMessage());
    cut[cut.length - 1] ^= 1;
    assertThrows(JournalDamaged.class, () -> reopened(cut));
  }

  /** MANIFEST and the successor are gone too, so that the footer alone knows what was acknowledged. */
  @Test
  void aFooterInTheLastSegmentMeansThatItsSuccessorIsGone() throws IOException {
    fill();
    MemoryDisk copy = disk.kill();
    Manifest one = new Manifest(List.of(new Manifest.Listed(1, disk.content(FIRST).length)));
    copy.tamper(CrashExplorer.ROOT.resolve("MANIFEST"), one.text().getBytes(StandardCharsets.UTF_8));
    copy.delete(CrashExplorer.ROOT.resolve("journal/00000002.seg"));
    copy.delete(CrashExplorer.ROOT.resolve("journal/00000003.seg"));
    assertThrows(JournalDamaged.class, () -> open(copy, new Table()));
  }

  @Test
  void powerFailsAtEveryStepOfSealing() throws IOException {
    Table table = new Table();
    Journal journal = open(disk, table);
    long[] revision = {0};
    while (!table.placed.containsKey(1) || journal.bytesOnDisk() < 4096) {
      commit(journal, table, ++revision[0], 1, 200);
    }
    explorer.explore(disk, () -> commit(journal, table, revision[0] + 1, 12, 200), image -> {
      Table recovered = new Table();
      Journal again = open(image, recovered);
      long found = again.lastRevision();
      assertTrue(found >= journal.durableRevision(), () -> "acknowledged " + journal.durableRevision() + ", recovered " + found);
      assertEquals(LongStream.rangeClosed(1, found).boxed().toList(), all(recovered));
      recovered.onDisk.forEach((segment, content) -> assertArrayEquals(recovered.content(segment), content));
      assertEquals(recovered.placed.size() - (recovered.placed.containsKey(recovered.onDisk.size() + 1) ? 1 : 0), recovered.onDisk.size());
      again.close();
    });
    assertTrue(explorer.images > 200, () -> explorer.images + " images");
    assertTrue(table.onDisk.size() >= 2, () -> table.onDisk + " were sealed");
  }

  @Test
  void repairKeepsWhatLiesBehindADamagedFooter() throws IOException {
    long last = fill();
    byte[] flipped = disk.content(FIRST);
    flipped[flipped.length - 30] ^= 1;
    disk.tamper(FIRST, flipped);
    JournalRepair.repair(disk, CrashExplorer.ROOT, last, explorer.options.clock());
    Table table = new Table();
    open(disk, table).close();
    assertEquals(last, all(table).size());
  }

  @Test
  void aCutAtTheEndOfASealedSegmentTakesItsFooterAlong() throws IOException {
    fill();
    Table table = new Table();
    open(disk, table).close();
    List<Long> first = table.placed.get(1);
    long keep = first.get(first.size() - 1);
    JournalRepair.repair(disk, CrashExplorer.ROOT, keep, explorer.options.clock());
    Table after = new Table();
    Journal journal = open(disk, after);
    commit(journal, after, keep + 1, 30, 100);
    journal.close();
    Table again = new Table();
    open(disk, again).close();
    assertEquals(LongStream.rangeClosed(1, keep + 30).boxed().toList(), all(again));
  }

  @Test
  void aFrameThatLeavesNoRoomForTheFooterGoesToTheNextSegment() throws IOException {
    Table table = new Table();
    Journal journal = open(disk, table);
    commit(journal, table, 1, 1, 9000);
    commit(journal, table, 2, 400, 1);
    journal.close();
    Table again = new Table();
    open(disk, again).close();
    int open = Collections.max(again.placed.keySet());
    assertEquals(open - 1, again.foundAtOpen.size(), "each sealed segment has its footer");
    assertTrue(open > 4);
  }

  @Test
  void recordsAreReadAgainFromAnyRevisionToTheEnd() throws IOException {
    long last = fill();
    try (Journal journal = open(disk, new Table())) {
      for (long after = 0; after <= last; after++) {
        List<Long> read = new ArrayList<>();
        assertEquals(Math.max(after, last), journal.read(after, (segment, offset, revision, bytes) -> read.add(revision)));
        assertEquals(LongStream.rangeClosed(after + 1, last).boxed().toList(), read);
      }
      List<Long> some = new ArrayList<>();
      assertEquals(5, journal.read(3, (segment, offset, revision, bytes) -> some.add(revision) && some.size() < 2));
      assertEquals(List.of(4L, 5L), some);
    }
  }

  @Test
  void aGapInARereadSegmentIsDamageAndNotSkipped() throws IOException {
    fill();
    try (Journal journal = open(disk, new Table())) {
      try (var file = disk.open(FIRST)) {
        file.writeFully(700, ByteBuffer.wrap(new byte[] {99}));
      }
      assertThrows(JournalDamaged.class, () -> journal.read(0, (segment, offset, revision, bytes) -> true));
    }
  }
}
