package mortmain.file;

import static mortmain.Request.by;
import static mortmain.Request.key;
import static mortmain.file.StoreFixture.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.Random;
import mortmain.Request;
import mortmain.disk.MemoryDisk;
import mortmain.engine.ManualClock;
import mortmain.journal.JournalOptions;
import mortmain.model.ErrorCode;
import mortmain.model.HistoryRequest;
import mortmain.model.Limits;
import mortmain.model.ReadOptions;
import mortmain.model.Snapshot;
import mortmain.model.WatchRequest;
import org.junit.jupiter.api.Test;

/** Whoever commits for months does not fill the disk: what nobody keeps goes, and what is kept stays readable. */
class BoundedDiskTest {
  private static final ReadOptions WHOLE = new ReadOptions(-1, -1, true, false);
  private static final Limits LIMITS = new Limits(1 << 20, 1024, 1000, 1 << 20, 32, 4096, Long.MAX_VALUE / 2_000_000, 1000);

  private final ManualClock clock = new ManualClock();
  private final MemoryDisk disk = new MemoryDisk();
  private final FileSubject subject =
      new FileSubject(disk, clock, LIMITS, JournalOptions.defaults().segments(4096, 1 << 16).background(Runnable::run));
  private final Random random = new Random(3);

  private Snapshot read(String key) {
    return subject.store().read(List.of(key(key)), ReadOptions.NEWEST).snapshots().get(0);
  }

  private void pass(int seconds) {
    for (int second = 0; second < seconds; second++) {
      clock.advance(1_000_000_000L);
      subject.tick();
    }
  }

  private String value(int i) {
    return "\"" + i + "-" + Integer.toString(random.nextInt(36), 36).repeat(1000) + "\"";
  }

  private long onDisk() throws IOException {
    long bytes = 0;
    for (String name : disk.list(FileSubject.DIRECTORY.resolve("journal"))) {
      bytes += disk.content(FileSubject.DIRECTORY.resolve("journal").resolve(name)).length;
    }
    return bytes;
  }

  @Test
  void aHundredTimesTheLiveDataTakesAFewTimesItsRoom() throws IOException {
    subject.keeping(1, 0);
    int keys = 100;
    long live = keys * 1000L;
    long most = 0;
    String[] last = new String[keys];
    for (int i = 0; i < 100 * keys; i++) {
      int which = random.nextInt(keys);
      last[which] = value(i);
      subject.store().commit(by("w").on(read("k" + which)).put("k" + which, last[which]).commit());
      if (i % 100 == 99) {
        pass(15);
        subject.engine().compactor().background();
        most = Math.max(most, onDisk());
      }
    }
    long used = most;
    assertTrue(used < 18 * live, () -> live + " live bytes took " + used + " bytes at most");
    subject.store().verify();
    subject.restart();
    for (int which = 0; which < keys; which++) {
      assertEquals(last[which], Request.text(read("k" + which)));
    }
    assertTrue(subject.engine().decisions().journal().sealed().size() < 60, () -> subject.engine().decisions().journal().sealed().size() + " segments");
  }

  @Test
  void deletedKeysAndEndedClaimsLeaveNothingBehind() throws IOException {
    subject.keeping(1, 0);
    long most = 0;
    for (int i = 0; i < 4000; i++) {
      String name = "threads/" + i;
      subject.store().claim(Request.claim(name, "%032x".formatted(i + 1), 60_000, 0));
      subject.store().release(key(name), "%032x".formatted(i + 1), 0);
      subject.store().commit(by("w").create(name, value(i)).commit());
      subject.store().commit(by("w").on(read(name)).delete(name).commit());
      if (i % 40 == 39) {
        pass(15);
        subject.forget(1);
        subject.engine().compactor().background();
        most = Math.max(most, onDisk());
      }
    }
    long used = most;
    assertTrue(used < 1_500_000, () -> "4 MB of values that were deleted took " + used + " bytes at most");
    subject.restart();
    assertTrue((Long) subject.store().info().get("tombstones") < 1000);
    subject.store().verify();
  }

  @Test
  void theLastVersionsAreKeptAndWhatWentSaysSo() throws IOException {
    subject.keeping(3, 0);
    for (int i = 1; i <= 200; i++) {
      subject.store().commit(by("w" + i).on(read("k")).put("k", value(i)).commit());
    }
    long early = 20;
    pass(70);
    subject.compact();
    HistoryRequest history = new HistoryRequest(key("k"), 0, 50, false);
    List<Long> versions = subject.store().history(history).events().stream().map(event -> event.version()).toList();
    assertTrue(versions.containsAll(List.of(200L, 199L, 198L)), versions::toString);
    assertTrue(versions.size() < 100, versions::toString);
    for (long version : versions) {
      assertTrue(Request.text(subject.store().readVersion(key("k"), version, WHOLE).snapshots().get(0)).startsWith("\"" + version + "-"));
    }
    refused(ErrorCode.COMPACTED, () -> subject.store().readVersion(key("k"), 5, WHOLE));
    refused(ErrorCode.COMPACTED, () -> subject.store().watch(new WatchRequest("", early, 10, false, 0, null)));
    refused(ErrorCode.INVALID, () -> subject.store().readVersion(key("k"), 201, WHOLE));
    subject.restart();
    refused(ErrorCode.COMPACTED, () -> subject.store().read(List.of(key("k")), new ReadOptions(early, -1, true, false)));
    refused(ErrorCode.COMPACTED, () -> subject.store().watch(new WatchRequest("", early, 10, false, 0, null)));
    refused(ErrorCode.COMPACTED, () -> subject.store().readVersion(key("k"), 5, WHOLE));
    assertEquals(versions, subject.store().history(history).events().stream().map(event -> event.version()).toList());
  }

  @Test
  void whatIsYoungerThanAMinuteStays() {
    subject.keeping(1, 0);
    for (int i = 1; i <= 200; i++) {
      subject.store().commit(by("w" + i).on(read("k")).put("k", value(i)).commit());
    }
    pass(50);
    subject.compact();
    for (int version = 1; version <= 200; version++) {
      assertTrue(subject.store().readVersion(key("k"), version, WHOLE).snapshots().get(0).exists());
    }
  }

  @Test
  void sevenDaysAreKeptUnlessSomebodySaysOtherwise() {
    for (int i = 1; i <= 200; i++) {
      subject.store().commit(by("w" + i).on(read("k")).put("k", value(i)).commit());
    }
    for (int minute = 0; minute < 7 * 24 * 60 - 10; minute++) {
      clock.advance(60_000_000_000L);
      for (int tick = 0; minute < 3 && tick < 2; tick++) {
        subject.tick();
      }
    }
    subject.compact();
    assertTrue(subject.store().readVersion(key("k"), 1, WHOLE).snapshots().get(0).exists());
  }

  @Test
  void anotherPrefixIsNotConcerned() {
    subject.store().retain(new mortmain.model.Retain("logs/", 1, 0, "test"));
    for (int i = 1; i <= 200; i++) {
      subject.store().commit(by("w" + i).on(read("logs/k")).put("logs/k", value(i)).commit());
      subject.store().commit(by("w" + i).on(read("plans/k")).put("plans/k", i + "").commit());
    }
    pass(70);
    subject.compact();
    refused(ErrorCode.COMPACTED, () -> subject.store().readVersion(key("logs/k"), 5, WHOLE));
    assertEquals("5", Request.text(subject.store().readVersion(key("plans/k"), 5, WHOLE).snapshots().get(0)));
    assertEquals(200, subject.store().watch(new WatchRequest("plans/", 1, 1000, false, 0, null)).events().size());
    refused(ErrorCode.COMPACTED, () -> subject.store().watch(new WatchRequest("", 1, 1000, false, 0, null)));
  }

  @Test
  void historyBeyondItsCapGoes() {
    subject.store().configure("history_bytes", 50_000, "test");
    for (int i = 1; i <= 400; i++) {
      subject.store().commit(by("w" + i).on(read("k")).put("k", value(i)).commit());
    }
    pass(70);
    subject.compact();
    refused(ErrorCode.COMPACTED, () -> subject.store().readVersion(key("k"), 5, WHOLE));
    assertTrue(subject.store().readVersion(key("k"), 399, WHOLE).snapshots().get(0).exists());
  }

  @Test
  void anIdBehindTheHorizonIsNeverRunAgain() {
    subject.keeping(1, 0);
    Request first = by("w").id("first").increment("n", "1");
    long since = subject.store().durableRevision();
    subject.store().commit(first.since(since).commit());
    for (int i = 0; i < 2500; i++) {
      subject.store().commit(by("w").increment("n", "1").commit());
    }
    pass(70);
    subject.compact();
    subject.restart();
    refused(ErrorCode.REQUEST_ID_EXPIRED, () -> subject.store().commit(first.since(since).commit()));
    assertEquals("2501", Request.text(read("n")));
  }
}
