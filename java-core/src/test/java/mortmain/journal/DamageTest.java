package mortmain.journal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import mortmain.disk.MemoryDisk;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Acknowledged bytes that changed are refused and named; bytes that never were acknowledged are cut off. */
class DamageTest {
  private static final Path SEGMENT = CrashExplorer.ROOT.resolve("journal/00000001.seg");
  private final CrashExplorer explorer = new CrashExplorer();
  private final MemoryDisk disk = new MemoryDisk();
  private byte[] whole;
  private int lastStart;
  private int lastEnd;

  /** Four records in three frames; the last frame covers three sectors, one of them all zero. */
  @BeforeEach
  void write() throws IOException {
    Journal journal = explorer.open(disk, new Replayed());
    explorer.commit(journal, 20);
    explorer.commit(journal, 50, 1);
    Plain sparse = Plain.ofSize(4, 1000);
    Arrays.fill(sparse.bytes(), 100, 990, (byte) 0);
    explorer.issued.add(sparse);
    journal.append(List.of(sparse));
    journal.awaitDurable(4);
    whole = disk.content(SEGMENT);
    lastStart = sparse.offset - Frame.HEADER - Frame.RECORD_PREFIX;
    lastEnd = lastStart + (int) Frame.length(1000 + Frame.RECORD_PREFIX);
  }

  private Replayed reopen(byte[] content) throws IOException {
    MemoryDisk copy = disk.kill();
    copy.tamper(SEGMENT, content);
    Replayed replayed = new Replayed();
    explorer.open(copy, replayed).close();
    return replayed;
  }

  private JournalDamaged refused(byte[] content) {
    return assertThrows(JournalDamaged.class, () -> reopen(content));
  }

  @Test
  void aLastFrameThatWasCutAtAnyByteIsTorn() throws IOException {
    for (int cut = lastStart; cut < lastEnd; cut++) {
      byte[] torn = whole.clone();
      Arrays.fill(torn, cut, torn.length, (byte) 0);
      assertEquals(List.of(1L, 2L, 3L), reopen(torn).revisions, "cut at " + cut);
    }
    assertEquals(4, reopen(whole).revisions.size());
  }

  @Test
  void whatATornFrameLeftDoesNotFollowAShorterFrameThatTakesItsPlace() throws IOException {
    for (int cut = lastStart + Frame.HEADER + 1; cut < lastEnd; cut++) {
      byte[] torn = whole.clone();
      Arrays.fill(torn, lastStart + Frame.HEADER, cut, (byte) 7); // zeros where the next header may be would hide it
      Arrays.fill(torn, cut, torn.length, (byte) 0);
      MemoryDisk copy = disk.kill();
      copy.tamper(SEGMENT, torn);
      try (Journal journal = explorer.open(copy, new Replayed())) {
        journal.append(List.of(Plain.ofSize(4, 5)));
        journal.awaitDurable(4);
      }
      Replayed again = new Replayed();
      explorer.open(copy, again).close();
      assertEquals(List.of(1L, 2L, 3L, 4L), again.revisions, "cut at " + cut);
    }
  }

  @Test
  void theTornFrameIsCopiedAside() throws IOException {
    byte[] torn = whole.clone();
    Arrays.fill(torn, lastEnd - 10, lastEnd, (byte) 0);
    disk.tamper(SEGMENT, torn);
    explorer.open(disk, new Replayed()).close();
    byte[] aside = disk.content(CrashExplorer.ROOT.resolve("lost/19700101T000000.000Z-torn/00000001.seg@" + lastStart));
    assertArrayEquals(Arrays.copyOfRange(torn, lastStart, lastStart + aside.length), aside);
    assertTrue(aside.length > 900);
    byte[] content = disk.content(SEGMENT);
    assertArrayEquals(new byte[200], Arrays.copyOfRange(content, lastStart + 200, lastStart + 400));
  }

  @Test
  void aFileThatIsShorterThanItWasMadeIsDamaged() {
    for (int length = lastStart; length < lastEnd; length += 7) {
      assertEquals("journal/00000001.seg", refused(Arrays.copyOf(whole, length)).file());
    }
  }

  @Test
  void aFlippedBitInTheLastAcknowledgedFrameIsRefusedAndNotCutOff() {
    for (int at = lastStart; at < lastEnd; at++) {
      for (int bit = 0; bit < 8; bit++) {
        byte[] flipped = whole.clone();
        flipped[at] ^= (byte) (1 << bit);
        JournalDamaged damage = refused(flipped);
        assertEquals(lastStart, damage.offset());
        assertEquals(4, damage.firstRevision());
      }
    }
  }

  @Test
  void aFlippedBitInAnEarlierFrameIsRefusedAndNamed() {
    for (int at = Segment.HEADER; at < lastStart; at++) {
      byte[] flipped = whole.clone();
      flipped[at] ^= 4;
      JournalDamaged damage = refused(flipped);
      assertEquals("journal/00000001.seg", damage.file());
      assertTrue(damage.offset() <= at && at < damage.offset() + 256, () -> damage.getMessage());
      assertTrue(damage.firstRevision() == 1 || damage.firstRevision() == 2);
    }
  }

  @Test
  void aFlippedBitInTheSegmentHeaderIsRefused() {
    for (int at = 0; at < Segment.HEADER; at++) {
      byte[] flipped = whole.clone();
      flipped[at] ^= 32;
      assertEquals(0, refused(flipped).offset());
    }
  }

  @Test
  void aZeroedEarlierSectorIsDamageBecauseAFrameFollows() {
    byte[] lost = whole.clone();
    Arrays.fill(lost, 512, lastStart, (byte) 0);
    JournalDamaged damage = refused(lost);
    assertEquals(512, damage.offset());
    assertEquals(1, damage.firstRevision());
    assertTrue(damage.lastRevision() == 3 || damage.lastRevision() == JournalDamaged.UNKNOWN);
  }

  @Test
  void aWholeZeroedFirstSectorBeforeAValidFrameIsDamage() throws IOException {
    MemoryDisk other = new MemoryDisk();
    CrashExplorer fresh = new CrashExplorer();
    Journal journal = fresh.open(other, new Replayed());
    fresh.commit(journal, 440);
    fresh.commit(journal, 3);
    byte[] content = other.content(SEGMENT);
    Arrays.fill(content, 512, 1024, (byte) 0);
    other.tamper(SEGMENT, content);
    JournalDamaged damage = assertThrows(JournalDamaged.class, () -> fresh.open(other, new Replayed()));
    assertEquals(512, damage.offset());
    assertEquals(1, damage.lastRevision());
  }

  @Test
  void bytesThatFollowTheLastFrameAndBeginNoFrameAreDamage() {
    byte[] garbage = whole.clone();
    garbage[lastEnd + 50] = 1;
    garbage[lastEnd + 5] = 1;
    assertEquals(lastEnd, refused(garbage).offset());
    byte[] later = whole.clone();
    later[lastEnd + 60] = 1;
    assertEquals(lastEnd, refused(later).offset());
  }

  @Test
  void aFrameInsideAValueIsNoFrame() throws IOException {
    byte[] frame = Arrays.copyOfRange(whole, lastStart, lastEnd);
    Journal journal = explorer.open(disk, new Replayed());
    journal.append(List.of(new Plain(5, frame)));
    journal.awaitDurable(5);
    journal.append(List.of(new Plain(6, new byte[] {1, 2, 3})));
    journal.awaitDurable(6);
    Replayed replayed = new Replayed();
    explorer.open(disk.kill(), replayed).close();
    assertEquals(List.of(1L, 2L, 3L, 4L, 5L, 6L), replayed.revisions);
    assertArrayEquals(frame, replayed.values.get(4));
  }

  @Test
  void aTornFrameWhoseValueHoldsFramesOfThisSegmentIsStillTorn() throws IOException {
    MemoryDisk other = new MemoryDisk();
    CrashExplorer fresh = new CrashExplorer();
    JournalOptions roomy = fresh.options.segments(8192, 8192);
    Journal journal = Journal.open(other, CrashExplorer.ROOT, roomy, new Replayed());
    fresh.commit(journal, 20);
    byte[] first = Arrays.copyOfRange(other.content(SEGMENT), Segment.HEADER, Segment.HEADER + 128);
    byte[] value = new byte[8 + 12 * first.length]; // the first 8 bytes bring the rest to a multiple of 64 in the file
    for (int at = 8; at < value.length; at += first.length) {
      System.arraycopy(first, 0, value, at, first.length);
    }
    Plain holder = new Plain(2, value);
    journal.append(List.of(holder));
    journal.awaitDurable(2);
    byte[] torn = other.content(SEGMENT);
    assertEquals(0, (holder.offset + 8) % Frame.ALIGNMENT);
    Arrays.fill(torn, holder.offset - Frame.HEADER - Frame.RECORD_PREFIX, 1024, (byte) 0);
    other.tamper(SEGMENT, torn);
    Replayed replayed = new Replayed();
    Journal.open(other, CrashExplorer.ROOT, roomy, replayed).close();
    assertEquals(List.of(1L), replayed.revisions);
  }

  @Test
  void aFrameOfAnotherPlaceOrSegmentIsNotTakenForOne() {
    byte[] moved = whole.clone();
    System.arraycopy(whole, Segment.HEADER, moved, lastEnd, 128); // the whole first frame
    assertEquals(lastEnd, refused(moved).offset());
  }

  /** Same salt, same places, right revisions: only the chain tells that the second frame followed another first one. */
  @Test
  void theFrameOfAnOverwrittenHistoryIsNotTakenForOne() throws IOException {
    byte[][] histories = new byte[2][];
    MemoryDisk last = null;
    for (byte history = 0; history < 2; history++) {
      last = new MemoryDisk();
      Journal journal = new CrashExplorer().open(last, new Replayed());
      for (long revision = 1; revision <= 2; revision++) {
        journal.append(List.of(new Plain(revision, new byte[] {history, 1, 2})));
        journal.awaitDurable(revision);
      }
      histories[history] = last.content(SEGMENT);
    }
    byte[] mixed = histories[1].clone();
    System.arraycopy(histories[0], Segment.HEADER, mixed, Segment.HEADER, 128);
    MemoryDisk mixedDisk = last;
    mixedDisk.tamper(SEGMENT, mixed);
    JournalDamaged damage = assertThrows(JournalDamaged.class, () -> new CrashExplorer().open(mixedDisk, new Replayed()));
    assertEquals(Segment.HEADER + 128, damage.offset());
    assertEquals(2, damage.firstRevision());
  }

  @Test
  void aMissingSegmentOrManifestOrFormatIsNamed() throws IOException {
    Journal journal = explorer.open(disk, new Replayed());
    journal.append(List.of(Plain.ofSize(5, 1500)));
    journal.awaitDurable(5);
    for (String name : List.of("journal/00000001.seg", "journal/00000002.seg", "MANIFEST", "FORMAT")) {
      MemoryDisk copy = disk.kill();
      copy.lose(CrashExplorer.ROOT.resolve(name));
      JournalDamaged damage = assertThrows(JournalDamaged.class, () -> explorer.open(copy, new Replayed()), name);
      assertEquals(name, damage.file());
    }
  }

  @Test
  void anOldManifestThatForgetsASegmentWithRecordsIsRefused() throws IOException {
    byte[] old = disk.content(CrashExplorer.ROOT.resolve("MANIFEST"));
    Journal journal = explorer.open(disk, new Replayed());
    journal.append(List.of(Plain.ofSize(5, 1500)));
    journal.awaitDurable(5);
    disk.tamper(CrashExplorer.ROOT.resolve("MANIFEST"), old);
    JournalDamaged damage = assertThrows(JournalDamaged.class, () -> explorer.open(disk, new Replayed()));
    assertEquals("MANIFEST", damage.file());
    assertEquals(5, damage.firstRevision());
  }

  @Test
  void theEndOfAnEarlierSegmentThatWasCutOffIsFoundByTheChain() throws IOException {
    Journal journal = explorer.open(disk, new Replayed());
    journal.append(List.of(Plain.ofSize(5, 1500)));
    journal.awaitDurable(5);
    byte[] cut = whole.clone();
    Arrays.fill(cut, lastStart, cut.length, (byte) 0);
    JournalDamaged damage = refused(cut);
    assertEquals(lastStart, damage.offset());
    assertEquals(4, damage.firstRevision());
    assertEquals(4, damage.lastRevision());
  }

  @Test
  void aFlippedBitInManifestIsRefused() throws IOException {
    byte[] manifest = disk.content(CrashExplorer.ROOT.resolve("MANIFEST"));
    for (int at = 0; at < manifest.length; at++) {
      byte[] flipped = manifest.clone();
      flipped[at] ^= 1;
      MemoryDisk copy = disk.kill();
      copy.tamper(CrashExplorer.ROOT.resolve("MANIFEST"), flipped);
      assertEquals("MANIFEST", assertThrows(JournalDamaged.class, () -> explorer.open(copy, new Replayed())).file());
    }
  }

  @Test
  void verifyOfAnOpenJournalFindsAFlippedBit() throws IOException {
    Journal journal = explorer.open(disk, new Replayed());
    assertEquals(4, journal.verify().records());
    try (var file = disk.open(SEGMENT)) {
      file.writeFully(lastStart + 70, ByteBuffer.wrap(new byte[] {99}));
    }
    assertEquals(lastStart, assertThrows(JournalDamaged.class, journal::verify).offset());
  }
}
