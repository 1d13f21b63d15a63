package mortmain.file;

import static mortmain.Request.by;
import static mortmain.Request.claim;
import static mortmain.Request.claimId;
import static mortmain.Request.key;
import static mortmain.Request.reclaim;
import static mortmain.Request.ticket;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import mortmain.Request;
import mortmain.disk.MemoryDisk;
import mortmain.engine.ManualClock;
import mortmain.journal.BackupReport;
import mortmain.journal.JournalBackup;
import mortmain.journal.JournalDamaged;
import mortmain.journal.JournalOptions;
import mortmain.journal.UnsupportedFormat;
import mortmain.model.ErrorCode;
import mortmain.model.Event;
import mortmain.model.Limits;
import mortmain.model.MortmainException;
import mortmain.model.ReadOptions;
import mortmain.model.Receipt;
import mortmain.model.Snapshot;
import mortmain.model.WatchRequest;
import org.junit.jupiter.api.Test;

/** A backup is whole or refused, at every crash; a restored one is another store, in which nothing of the old one is valid. */
class BackupTest {
  private static final Path BACKUP = Path.of("/backup");
  private static final Path NEW = Path.of("/new");

  private final ManualClock clock = new ManualClock();
  private final AtomicLong salt = new AtomicLong(42);
  private final JournalOptions options = JournalOptions.defaults().segments(2048, 4096).background(Runnable::run).salt(salt::incrementAndGet);
  private final MemoryDisk disk = new MemoryDisk();
  private final FileSubject old = open(disk, FileSubject.DIRECTORY);
  private long commits;

  private FileSubject open(MemoryDisk on, Path directory) {
    return new FileSubject(on, clock, Limits.DEFAULT, options, directory);
  }

  /** One more item in a list, one more in a number, in one commit: a cut that is not consistent shows. */
  private Receipt commit() {
    commits++;
    return old.store().commit(by("a").append("items", "\"" + "x".repeat(150) + "\"").increment("count", "1").commit());
  }

  private long count(FileSubject of) {
    return Long.parseLong(Request.text(read(of, "count")));
  }

  private static Snapshot read(FileSubject from, String key) {
    return from.store().read(List.of(key(key)), ReadOptions.NEWEST).snapshots().get(0);
  }

  private Map<String, Object> backup() {
    return old.store().backup(BACKUP, (bytes, of) -> { });
  }

  private static BackupReport verified(MemoryDisk on) throws IOException {
    return JournalBackup.verify(on, BACKUP, (segment, offset, revision, bytes) -> EventCodec.decode(bytes));
  }

  private Map<String, Object> restore(MemoryDisk on) throws IOException {
    return FileEngineProvider.restore(on, BACKUP, NEW, verified(on), options, new Clocks(clock::nanos, clock), (bytes, of) -> { });
  }

  private void requireConsistent(FileSubject store, long atLeast, long atMost) {
    long count = count(store);
    assertTrue(count >= atLeast && count <= atMost, () -> count + " is not between " + atLeast + " and " + atMost);
    assertEquals(count, Request.text(read(store, "items")).split(",", -1).length);
  }

  @Test
  void aBackupUnderLoadIsOneForcedState() throws IOException {
    for (int i = 0; i < 20; i++) {
      commit();
    }
    long before = commits;
    disk.listen(step -> {
      if (step.startsWith("write /backup/journal/") && commits < 60) {
        commit(); // while the segments are copied
      }
    });
    Map<String, Object> report = backup();
    disk.listen(step -> { });
    assertTrue(commits > before, "nothing was committed meanwhile");
    restore(disk);
    FileSubject restored = open(disk, NEW);
    requireConsistent(restored, before, commits);
    assertEquals(report.get("revision"), read(restored, "count").revision());
    restored.store().commit(by("b").increment("count", "1").commit());
    restored.close();
    requireConsistent(old, commits, commits);
  }

  @Test
  void whatIsCompactedMeanwhileIsCopiedAllTheSame() throws IOException {
    old.keeping(1, 0);
    for (int i = 0; i < 40; i++) {
      commit();
      old.store().commit(by("a").on(read(old, "k")).put("k", "\"" + "y".repeat(100) + i + "\"").commit());
    }
    for (int second = 0; second < 70; second++) {
      clock.advance(1_000_000_000L);
      old.tick();
    }
    int before = old.engine().decisions().journal().sealed().size();
    boolean[] compacted = new boolean[1];
    disk.listen(step -> {
      if (step.startsWith("write /backup/journal/") && !compacted[0]) {
        compacted[0] = true;
        assertTrue(old.compact() > 0);
      }
    });
    backup();
    disk.listen(step -> { });
    assertTrue(old.engine().decisions().journal().sealed().size() < before, "nothing was compacted meanwhile");
    restore(disk);
    FileSubject restored = open(disk, NEW);
    requireConsistent(restored, commits, commits);
    restored.close();
  }

  @Test
  void progressGoesFromNothingToAll() {
    for (int i = 0; i < 30; i++) {
      commit();
    }
    long[] last = {-1, 0};
    old.store().backup(BACKUP, (bytes, of) -> {
      assertTrue(bytes >= last[0] && bytes <= of);
      last[0] = bytes;
      last[1] = of;
    });
    assertTrue(last[1] > 0);
    assertEquals(last[1], last[0]);
  }

  @Test
  void everyCrashDuringABackupLeavesItWholeOrRefused() {
    for (int i = 0; i < 12; i++) {
      commit();
    }
    Set<Long> known = new HashSet<>();
    int[] whole = {0};
    int[] refused = {0};
    disk.varyLittle(BACKUP);
    disk.listen(step -> {
      if (step.contains("/backup")) {
        disk.forEachCrashImage(image -> {
          if (known.add(image.fingerprint())) {
            wholeOrRefused(image, whole, refused);
          }
        });
      }
    });
    backup();
    disk.listen(step -> { });
    wholeOrRefused(disk.losePower(), whole, refused);
    assertTrue(whole[0] > 0, "no image was whole");
    assertTrue(refused[0] > 20, () -> refused[0] + " images were refused");
  }

  private void wholeOrRefused(MemoryDisk image, int[] whole, int[] refused) {
    try {
      assertEquals(2 + commits, verified(image).revision() + 1);
      whole[0]++;
    } catch (IOException notWhole) {
      assertTrue(notWhole instanceof JournalBackup.NotPossible, notWhole::toString);
      refused[0]++;
    }
    try {
      if (image.exists(BACKUP.resolve("journal/00000001.seg"))) {
        open(image, BACKUP).close();
        throw new AssertionError("a backup was opened as a store");
      }
    } catch (java.io.UncheckedIOException | MortmainException refusal) {
      // what it should be
    }
  }

  @Test
  void aBackupThatWasNotFinishedIsTakenAgainInPlace() throws IOException {
    commit();
    MemoryDisk[] half = new MemoryDisk[1];
    disk.listen(step -> {
      if (step.startsWith("create /backup/MANIFEST")) {
        half[0] = disk.kill();
      }
    });
    backup();
    FileSubject after = open(half[0], FileSubject.DIRECTORY);
    after.store().backup(BACKUP, (bytes, of) -> { });
    assertTrue(verified(half[0]).revision() > 1);
    assertEquals(ErrorCode.INVALID, assertThrows(MortmainException.class, () -> after.store().backup(BACKUP, (bytes, of) -> { })).code());
    after.close();
  }

  @Test
  void everyFlippedByteOfABackupIsFoundAndNothingIsWritten() throws IOException {
    for (int i = 0; i < 12; i++) {
      commit();
    }
    backup();
    long end = lastByte(disk);
    int refused = 0;
    for (String name : List.of("BACKUP", "MANIFEST", "FORMAT", "journal/00000001.seg", "journal/00000002.seg")) {
      byte[] good = disk.content(BACKUP.resolve(name));
      int length = (int) (name.endsWith("2.seg") ? Math.min(good.length, end) : good.length);
      for (int i = 0; i < length; i += 1 + good.length / 300) {
        MemoryDisk copy = disk.kill();
        byte[] bad = good.clone();
        bad[i] ^= 0x20;
        copy.tamper(BACKUP.resolve(name), bad);
        if (name.endsWith(".seg") && i > 512 && good[i] == 0) {
          continue; // where no frame lies, nothing is read
        }
        if (!wholeAgain(copy, name + " at " + i)) {
          refused++;
        }
      }
    }
    assertTrue(refused > 300, refused + " were refused");
  }

  /** Refused before anything is written; or it was a footer, which is made again from records that are all there. */
  private boolean wholeAgain(MemoryDisk copy, String where) throws IOException {
    try {
      restore(copy);
    } catch (JournalDamaged refusal) {
      assertFalse(copy.exists(NEW), () -> "something was written: " + where);
      return false;
    }
    FileSubject restored = open(copy, NEW);
    assertEquals(Request.text(read(old, "items")), Request.text(read(restored, "items")), where);
    requireConsistent(restored, commits, commits);
    restored.close();
    return true;
  }

  private static long lastByte(MemoryDisk on) throws IOException {
    byte[] bytes = on.content(BACKUP.resolve("journal/00000002.seg"));
    int end = bytes.length;
    while (bytes[end - 1] == 0) {
      end--;
    }
    return end;
  }

  /** The chain of an older format is another one: no byte of such a backup is damaged. */
  @Test
  void aBackupOfAnotherFormatIsNotCalledDamaged() throws IOException {
    commit();
    backup();
    for (String format : List.of("mortmain 1\n", "mortmain 3\n")) {
      disk.tamper(BACKUP.resolve("FORMAT"), format.getBytes(StandardCharsets.UTF_8));
      UnsupportedFormat refusal = assertThrows(UnsupportedFormat.class, () -> restore(disk));
      assertEquals(ErrorCode.UNSUPPORTED, Failed.backup("backup", refusal).code());
      assertFalse(disk.exists(NEW));
    }
  }

  @Test
  void aBackupThatLostItsEndIsFound() throws IOException {
    commit();
    MemoryDisk early = disk.kill();
    FileSubject same = open(early, FileSubject.DIRECTORY);
    same.store().backup(BACKUP, (bytes, of) -> { });
    byte[] shorter = early.content(BACKUP.resolve("journal/00000001.seg"));
    same.close();
    commit();
    backup();
    byte[] longer = disk.content(BACKUP.resolve("journal/00000001.seg"));
    assertEquals(longer.length, shorter.length);
    disk.tamper(BACKUP.resolve("journal/00000001.seg"), shorter); // valid frames, one too few
    assertThrows(JournalDamaged.class, () -> verified(disk));
  }

  @Test
  void everyCrashDuringARestoreLeavesNoStoreOrAnotherOne() throws IOException {
    old.store().claim(claim("held", claimId('c'), 600_000, 0));
    for (int i = 0; i < 8; i++) {
      commit();
    }
    backup();
    String storeId = old.store().storeId();
    Set<Long> known = new HashSet<>();
    int[] found = {0, 0};
    disk.varyLittle(NEW.resolve("journal"));
    disk.listen(step -> disk.forEachCrashImage(image -> {
      if (known.add(image.fingerprint())) {
        noStoreOrAnother(image, storeId, found);
      }
    }));
    restore(disk);
    disk.listen(step -> { });
    noStoreOrAnother(disk.losePower(), storeId, found);
    assertTrue(found[0] > 20, () -> found[0] + " images held no store yet");
    assertTrue(found[1] > 0, "no image held the store");
  }

  private void noStoreOrAnother(MemoryDisk image, String storeId, int[] found) {
    if (!image.exists(NEW.resolve("MANIFEST"))) {
      found[0]++;
      if (image.exists(NEW.resolve("journal/00000001.seg"))) {
        assertThrows(java.io.UncheckedIOException.class, () -> open(image.kill(), NEW), "half a restore was opened");
      }
      try {
        restore(image); // a second try needs no help
      } catch (IOException e) {
        throw new AssertionError("the restore could not be repeated", e);
      }
    }
    FileSubject restored = open(image, NEW);
    assertNotEquals(storeId, restored.store().storeId());
    assertEquals(List.of(), restored.store().claims(""));
    requireConsistent(restored, commits, commits);
    restored.close();
    found[1]++;
  }

  @Test
  void aDirectoryThatIsNotEmptyIsRefusedAndKept() throws IOException {
    commit();
    backup();
    disk.createDirectories(NEW);
    disk.create(NEW.resolve("notes.txt")).close();
    assertThrows(JournalBackup.NotPossible.class, () -> restore(disk));
    assertEquals(List.of("notes.txt"), disk.list(NEW));
    open(disk, Path.of("/other")).close();
    MortmainException refusal = assertThrows(MortmainException.class, () -> old.store().backup(Path.of("/other"), (bytes, of) -> { }));
    assertEquals(ErrorCode.INVALID, refusal.code());
    refusal = assertThrows(MortmainException.class, () -> old.store().backup(FileSubject.DIRECTORY.resolve("backup"), (bytes, of) -> { }));
    assertEquals(ErrorCode.INVALID, refusal.code());
  }

  @Test
  void nothingOfTheOldStoreIsValidInTheRestoredOne() throws IOException {
    Request first = by("a").create("k", "1").id("the-first");
    old.store().commit(first.commit());
    Snapshot base = read(old, "k");
    String storeId = old.store().storeId();
    long revision = old.store().durableRevision();
    long epoch = old.store().claim(claim("held", claimId('c'), 600_000, 0)).claim().epoch();
    backup();
    restore(disk);
    FileSubject restored = open(disk, NEW);

    Request onBase = by("a").on(base).put("k", "2");
    refused(ErrorCode.STORE_CHANGED, restored, onBase.store(storeId, revision));
    refused(ErrorCode.FENCED, restored, onBase.id("a base, and no store")); // also of a client that names no store
    Request onTicket = by("a").follows("k", ticket("t", base)).put("k", "2");
    refused(ErrorCode.STORE_CHANGED, restored, onTicket.store(storeId, revision));
    refused(ErrorCode.FENCED, restored, onTicket.id("a ticket, and no store"));
    Request throughClaim = by("a").through("held", claimId('c'), epoch).append("held", "2");
    refused(ErrorCode.STORE_CHANGED, restored, throughClaim.store(storeId, revision));
    refused(ErrorCode.FENCED, restored, throughClaim.id("a claim, and no store"));
    code(ErrorCode.FENCED, () -> restored.store().renew(key("held"), claimId('c'), epoch));
    code(ErrorCode.STORE_CHANGED, () -> restored.store().check(onBase.commit().guards(), storeId, revision));
    // Before a remembered id: its receipt is one of another store.
    refused(ErrorCode.STORE_CHANGED, restored, first.store(storeId, 0));
    code(ErrorCode.STORE_CHANGED, () -> restored.store().resolve("the-first", "a", 0, storeId));
    code(ErrorCode.STORE_CHANGED, () -> restored.store().resolve("never-seen", "a", 0, storeId));
    code(ErrorCode.STORE_CHANGED, () -> restored.store().watch(new WatchRequest("", revision, 10, false, 0, storeId)));
    assertTrue(restored.store().commit(first.commit()).replayed(), "of the store that it names, an id is remembered");

    Snapshot now = read(restored, "k");
    assertEquals(base.version(), now.version());
    assertEquals(base.epoch() + 1, now.epoch());
    restored.store().commit(by("a").on(now).put("k", "3").store(restored.store().storeId(), 0).commit());
    restored.store().claim(claim("held", claimId('d'), 1000, 0));
    Event.Reclaimed reclaimed = restored.store().reclaim(reclaim("held", null, null));
    assertEquals(1, reclaimed.keys().size());
    restored.restart();
    assertNotEquals(storeId, restored.store().storeId(), "the new name was not durable");
    restored.close();
  }

  private void refused(ErrorCode code, FileSubject by, Request request) {
    code(code, () -> by.store().commit(request.commit()));
  }

  private static void code(ErrorCode code, Runnable call) {
    MortmainException refusal = assertThrows(MortmainException.class, call::run);
    assertEquals(code, refusal.code(), refusal.getMessage());
  }

  @Test
  void everyRestoreIsAnotherStore() throws IOException {
    commit();
    backup();
    Object first = restore(disk).get("store_id");
    for (String name : List.of("MANIFEST", "FORMAT")) {
      disk.lose(NEW.resolve(name));
    }
    for (String name : disk.list(NEW.resolve("journal"))) {
      disk.lose(NEW.resolve("journal").resolve(name));
    }
    assertNotEquals(first, restore(disk).get("store_id"));
    assertTrue(new String(disk.content(BACKUP.resolve("BACKUP")), StandardCharsets.UTF_8).contains(old.store().storeId()));
  }
}
