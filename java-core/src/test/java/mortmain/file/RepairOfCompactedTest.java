package mortmain.file;

import static mortmain.Request.by;
import static mortmain.Request.key;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import mortmain.disk.MemoryDisk;
import mortmain.engine.ManualClock;
import mortmain.journal.JournalDamaged;
import mortmain.journal.JournalOptions;
import mortmain.journal.JournalRepair;
import mortmain.journal.Sealed;
import mortmain.model.Limits;
import mortmain.model.ReadOptions;
import mortmain.model.Snapshot;
import org.junit.jupiter.api.Test;

/** A repair that cuts a journal inside of a segment that compaction wrote keeps what is in front of the cut, and the store goes on. */
class RepairOfCompactedTest {
  private static final int KEYS = 40;

  private final ManualClock clock = new ManualClock();
  private final MemoryDisk disk = new MemoryDisk();
  /** By revision, the keys that were never written again: compaction drops nothing of them. */
  private final Map<Long, String> kept = new HashMap<>();

  private FileSubject open(MemoryDisk on) {
    return new FileSubject(on, clock, Limits.DEFAULT, JournalOptions.defaults().segments(4096, 8192).background(Runnable::run));
  }

  private static Snapshot read(FileSubject from, String key) {
    return from.store().read(List.of(key(key)), ReadOptions.NEWEST).snapshots().get(0);
  }

  private Sealed compacted() {
    FileSubject subject = open(disk);
    subject.keeping(1, 0);
    for (int i = 0; i < KEYS; i++) {
      subject.store().commit(by("w").on(read(subject, "hot")).put("hot", "\"" + "x".repeat(300) + i + "\"").commit());
      kept.put(subject.store().commit(by("w").create("kept/" + i, Integer.toString(i)).commit()).revision(), "kept/" + i);
      subject.store().commit(by("w").append("list", "\"" + i + "\"").commit());
    }
    for (int second = 0; second < 70; second++) {
      clock.advance(1_000_000_000L);
      subject.tick();
    }
    assertTrue(subject.compact() > 0);
    Sealed rewritten = subject.engine().decisions().journal().sealed().get(0);
    assertTrue(rewritten.rewritten(), "nothing was rewritten");
    subject.close();
    return rewritten;
  }

  private long keptUpTo(long revision) {
    return kept.keySet().stream().filter(each -> each <= revision).count();
  }

  private void goesOn(MemoryDisk image, long revision) {
    FileSubject after = open(image);
    for (Map.Entry<Long, String> each : kept.entrySet()) {
      assertEquals(each.getKey() <= revision, read(after, each.getValue()).exists(), () -> each + " after a cut at " + revision);
    }
    after.store().verify();
    List<String> more = new ArrayList<>();
    for (int i = 0; i < 60; i++) { // over the next segments
      more.add("\"new " + "y".repeat(100) + i + "\"");
      after.store().commit(by("after").append("more", more.get(i)).commit());
    }
    after.restart();
    assertEquals("[" + String.join(",", more) + "]", mortmain.Request.text(read(after, "more")));
    after.store().verify();
    after.close();
  }

  @Test
  void everyKeptRevisionInOneCanBeTheLastOne() throws IOException {
    Sealed rewritten = compacted();
    int cuts = 0;
    for (long revision : kept.keySet()) {
      if (revision > rewritten.after() && revision < rewritten.upTo()) {
        MemoryDisk image = disk.kill();
        JournalRepair.repair(image, FileSubject.DIRECTORY, revision);
        goesOn(image, revision);
        cuts++;
      }
    }
    assertTrue(cuts > 5, cuts + " cuts");
  }

  @Test
  void damageInOneIsNamedAndWhatIsBeforeItCanBeKept() throws IOException {
    Sealed rewritten = compacted();
    Path path = FileSubject.DIRECTORY.resolve("journal/%08d.seg".formatted(rewritten.number()));
    byte[] content = disk.content(path);
    content[1500] ^= 8;
    disk.tamper(path, content);
    UncheckedIOException refused = assertThrows(UncheckedIOException.class, () -> open(disk));
    JournalDamaged damage = (JournalDamaged) refused.getCause();
    assertTrue(damage.file().endsWith(path.getFileName().toString()), damage::getMessage);
    long last = damage.firstRevision() - 1;
    JournalRepair.repair(disk, FileSubject.DIRECTORY, last);
    assertTrue(keptUpTo(last) < KEYS);
    goesOn(disk, last);
  }
}
