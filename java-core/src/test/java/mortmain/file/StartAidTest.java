package mortmain.file;

import static mortmain.Request.by;
import static mortmain.Request.claim;
import static mortmain.Request.claimId;
import static mortmain.Request.key;
import static mortmain.Request.reclaim;
import static mortmain.file.StoreFixture.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import mortmain.Request;
import mortmain.disk.MemoryDisk;
import mortmain.engine.ManualClock;
import mortmain.journal.JournalDamaged;
import mortmain.journal.JournalOptions;
import mortmain.journal.JournalRepair;
import mortmain.model.ErrorCode;
import mortmain.model.HistoryRequest;
import mortmain.model.Limits;
import mortmain.model.ReadOptions;
import mortmain.model.Snapshot;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is written down for the next start is derived: no state of it changes what the store says, and none hides that the journal lost its end. */
class StartAidTest {
  private static final Path AID = FileSubject.DIRECTORY.resolve("index/state");
  private static final Path MANIFEST = FileSubject.DIRECTORY.resolve("MANIFEST");
  private static final List<String> KEYS = List.of("k", "list", "gone", "p/a", "late");

  private final ManualClock clock = new ManualClock();
  private final MemoryDisk disk = new MemoryDisk();
  private String expected;
  private int reads;

  private FileSubject open(MemoryDisk on) {
    return new FileSubject(on, clock, Limits.DEFAULT, JournalOptions.defaults().segments(4096, 8192).background(Runnable::run)).aided();
  }

  private static Snapshot read(FileSubject from, String key) {
    return from.store().read(List.of(key(key)), ReadOptions.NEWEST).snapshots().get(0);
  }

  private static String state(FileSubject subject) {
    return CompactionCrashTest.state(subject, KEYS) + subject.store().history(new HistoryRequest(key("k"), 0, 1000, true)).events().size()
        + subject.store().info().get("keys") + subject.store().settings();
  }

  @BeforeEach
  void fill() {
    FileSubject subject = open(disk);
    subject.keeping(2, 100);
    for (int i = 0; i < 60; i++) {
      subject.store().commit(by("w" + i).on(read(subject, "k")).put("k", "\"value " + i + " " + "x".repeat(100) + "\"").commit());
      subject.store().commit(by("w" + i).append("list", "\"item " + i + "\"").commit());
    }
    subject.store().commit(by("w").create("gone", "1").commit());
    subject.store().commit(by("w").on(read(subject, "gone")).delete("gone").commit());
    subject.store().reclaim(reclaim(null, "p/", null));
    subject.store().claim(claim("p/a", claimId('a'), 1_000_000_000, 0));
    expected = state(subject);
    subject.close();
  }

  private FileSubject reopened(MemoryDisk image) {
    FileSubject subject = open(image);
    assertEquals(expected, state(subject));
    return subject;
  }

  private static byte[] content(MemoryDisk of, Path path) {
    try {
      return of.content(path);
    } catch (java.io.IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void segmentsThatItKnowsAreNotRead() {
    byte[] first = content(disk, FileSubject.DIRECTORY.resolve("journal/00000001.seg"));
    byte[] blank = first.clone();
    java.util.Arrays.fill(blank, 1000, 1500, (byte) 7); // in the middle of old records
    MemoryDisk image = disk.kill();
    image.tamper(FileSubject.DIRECTORY.resolve("journal/00000001.seg"), blank);
    FileSubject subject = open(image);
    assertEquals("\"value 59 " + "x".repeat(100) + "\"", Request.text(read(subject, "k")));
    refused(ErrorCode.CORRUPT, () -> subject.store().verify());
    subject.close();
    MemoryDisk without = disk.kill();
    without.lose(AID);
    without.tamper(FileSubject.DIRECTORY.resolve("journal/00000001.seg"), blank);
    assertThrows(UncheckedIOException.class, () -> open(without));
  }

  @Test
  void aFlippedBitOrACutAnywhereInItIsIgnored() {
    byte[] whole = content(disk, AID);
    assertTrue(whole.length > 1000);
    for (int at = 0; at < whole.length; at += 13) {
      byte[] flipped = whole.clone();
      flipped[at] ^= 1;
      MemoryDisk image = disk.kill();
      image.tamper(AID, flipped);
      reopened(image).close();
      MemoryDisk cut = disk.kill();
      cut.tamper(AID, java.util.Arrays.copyOf(whole, at));
      reopened(cut).close();
    }
  }

  @Test
  void whatCameAfterItIsReplayed() {
    MemoryDisk image = disk.kill();
    FileSubject subject = reopened(image);
    subject.store().renew(key("p/a"), claimId('a'), 1); // or the next start ends it
    byte[] old = content(image, AID);
    for (int i = 0; i < 100; i++) {
      subject.store().commit(by("late").append("late", "\"" + i + "\"").commit());
    }
    expected = state(subject);
    image.tamper(AID, old);
    MemoryDisk killed = image.kill(); // with the aid of the time before
    subject.close();
    reopened(killed).close();
  }

  @Test
  void oneOfSegmentsThatWereCompactedSinceIsIgnored() {
    MemoryDisk image = disk.kill();
    FileSubject subject = reopened(image);
    subject.store().renew(key("p/a"), claimId('a'), 1);
    byte[] old = content(image, AID);
    for (int second = 0; second < 200; second++) {
      clock.advance(1_000_000_000L);
      subject.tick();
    }
    assertTrue(subject.compact() > 0);
    subject.store().commit(by("late").append("late", "1").commit());
    expected = state(subject);
    image.tamper(AID, old);
    MemoryDisk killed = image.kill();
    subject.close();
    reopened(killed).close();
  }

  @Test
  void oneThatKnowsMoreThanTheJournalMeansThatItsEndWasCutOff() throws Exception {
    MemoryDisk before = disk.kill();
    FileSubject subject = reopened(disk);
    for (int i = 0; i < 20; i++) {
      subject.store().commit(by("late").append("late", "\"" + i + "\"").commit());
    }
    long last = subject.store().durableRevision();
    subject.close();
    before.tamper(AID, content(disk, AID));
    UncheckedIOException refused = assertThrows(UncheckedIOException.class, () -> open(before));
    assertTrue(refused.getCause() instanceof JournalDamaged damaged && damaged.lastRevision() == last, refused::getMessage);
    JournalRepair.repair(before, FileSubject.DIRECTORY, last - 25);
    assertFalse(before.exists(AID), "a repair on purpose takes the aid away");
    open(before).close();
  }

  @Test
  void oneBesideNoJournalMeansThatItIsGone() throws Exception {
    MemoryDisk left = new MemoryDisk();
    left.createDirectories(AID.getParent());
    left.create(AID).writeFully(0, java.nio.ByteBuffer.wrap(content(disk, AID)));
    UncheckedIOException refused = assertThrows(UncheckedIOException.class, () -> open(left));
    assertTrue(refused.getMessage().contains("MANIFEST is damaged"), refused::getMessage);
  }

  @Test
  void aProcessThatDiesWhileItIsWrittenLosesNothing() {
    FileSubject subject = reopened(disk);
    subject.store().renew(key("p/a"), claimId('a'), 1); // or the next start ends it
    subject.store().commit(by("late").append("late", "1").commit());
    expected = state(subject);
    List<MemoryDisk> images = new ArrayList<>();
    disk.varyLittle(FileSubject.DIRECTORY);
    disk.listen(step -> {
      images.add(disk.kill());
      if (step.contains("index/")) {
        disk.forEachCrashImage(images::add);
      }
    });
    subject.close();
    disk.listen(step -> { });
    images.forEach(image -> {
      reopened(image).close();
      reads++;
    });
    assertTrue(reads > 20, () -> reads + " images");
    assertTrue(disk.exists(MANIFEST));
  }
}
