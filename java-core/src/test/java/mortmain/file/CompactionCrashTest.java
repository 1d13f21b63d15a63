package mortmain.file;

import static mortmain.Request.by;
import static mortmain.Request.claim;
import static mortmain.Request.claimId;
import static mortmain.Request.key;
import static mortmain.Request.reclaim;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import mortmain.Request;
import mortmain.Rounds;
import mortmain.disk.MemoryDisk;
import mortmain.engine.ManualClock;
import mortmain.journal.JournalOptions;
import mortmain.model.Limits;
import mortmain.model.ReadOptions;
import mortmain.model.Receipt;
import mortmain.model.Snapshot;
import org.junit.jupiter.api.Test;

/**
 * Power is lost, or the process dies, before every step that compaction makes on the disk, also while others commit. Whatever comes back has the
 * state of before: nothing of it changes by compaction.
 */
class CompactionCrashTest {
  private static final Limits LIMITS = new Limits(1 << 20, 1024, 1000, 1 << 20, 32, 4096, Long.MAX_VALUE / 2_000_000, 16);
  private static final List<String> KEYS = List.of("k", "l", "gone", "claimed", "p/a", "p/b", "late");

  private final ManualClock clock = new ManualClock();
  private final MemoryDisk disk = new MemoryDisk();
  private final Set<Long> known = new HashSet<>();
  private final List<Receipt> late = new ArrayList<>();
  private String expected;
  /** The same after two restarts, which end the claim. */
  private String claimEnded;
  private int steps;
  private int images;
  private int compacted;
  private final SecondCrash again = new SecondCrash(Rounds.of(12, 60), 2);

  private FileSubject open(MemoryDisk on) {
    return new FileSubject(on, clock, LIMITS, JournalOptions.defaults().segments(2048, 8192).background(Runnable::run));
  }

  private static Snapshot read(FileSubject from, String key) {
    return from.store().read(List.of(key(key)), ReadOptions.NEWEST).snapshots().get(0);
  }

  static String state(FileSubject subject, List<String> keys) {
    StringBuilder text = new StringBuilder();
    for (String key : keys) {
      Snapshot at = read(subject, key);
      text.append(key).append(" v").append(at.version()).append(" e").append(at.epoch()).append(" t").append(at.tag()).append(" r").append(at.revision());
      text.append(" by ").append(at.writer()).append(at.exists() ? " " + Request.text(at) : "").append('\n');
    }
    subject.store().claims("").forEach(held -> text.append(held.key()).append(" held by ").append(held.holder()).append('\n'));
    return text.toString();
  }

  /** Values that are replaced, a list in chunks, a tombstone, a claim that ended and one that is live, reclamations. */
  private void fill(FileSubject subject) {
    subject.keeping(1, 0);
    for (int i = 0; i < 90; i++) {
      subject.store().commit(by("w" + i).on(read(subject, "k")).put("k", "\"value " + i + " " + "x".repeat(60) + "\"").commit());
      subject.store().commit(by("w" + i).append("l", "\"item " + i + "\"").commit());
      if (i == 5) {
        subject.store().commit(by("w").create("gone", "1").commit());
        subject.store().claim(claim("claimed", claimId('a'), 1000_000, 0));
      } else if (i == 20) {
        subject.store().commit(by("w").on(read(subject, "gone")).delete("gone").commit());
        subject.store().release(key("claimed"), claimId('a'), 0);
        subject.store().claim(claim("claimed", claimId('b'), 1_000_000_000, 0));
        subject.store().reclaim(reclaim(null, "p/", null));
      } else if (i == 30) {
        subject.store().reclaim(reclaim("p/a", null, null));
        subject.store().commit(by("w").create("p/b", "{\"x\":1}").commit());
      }
    }
    for (int second = 0; second < 70; second++) {
      clock.advance(1_000_000_000L);
      subject.tick();
    }
  }

  @Test
  void powerFailsAtEveryStepOfACompaction() {
    FileSubject subject = open(disk);
    fill(subject);
    expected = state(subject, KEYS);
    claimEnded = afterTwoRestarts(disk.kill());
    int before = subject.engine().decisions().journal().sealed().size();
    disk.listen(step -> {
      if (steps++ % Rounds.of(1, 5) == 0) {
        crash();
      }
    });
    assertTrue(subject.compact() > 0);
    disk.listen(step -> { });
    crash();
    compacted = subject.engine().decisions().journal().sealed().size();
    assertTrue(compacted < before / 2, () -> before + " segments became " + compacted);
    assertEquals(expected, state(subject, KEYS));
    subject.close();
    System.out.println("crash images of a compaction: " + images + " recovered, with " + again + "; bad 0");
    assertTrue(again.crashed() > 100, again::toString);
    assertTrue(images > 100, () -> images + " images");
  }

  private void crash() {
    checkTwice(disk.kill());
    disk.forEachCrashImage(this::checkTwice);
  }

  private String afterTwoRestarts(MemoryDisk on) {
    open(on).close();
    FileSubject again = open(on);
    String found = state(again, KEYS);
    again.close();
    assertFalse(found.contains("held by"), found);
    return found;
  }

  /** Who comes back compacts again, and the machine fails in that. */
  private void checkTwice(MemoryDisk image) {
    if (known.contains(image.fingerprint() + late.size())) {
      return;
    }
    MemoryDisk turn = again.turn(image);
    check(image, List.of(expected));
    if (turn != null) {
      again.explore(turn, this::compact, (second, killed) -> check(second, List.of(expected, claimEnded)));
    }
  }

  private void compact(MemoryDisk on) {
    FileSubject subject = open(on);
    subject.compact();
    subject.close();
  }

  private void check(MemoryDisk image, List<String> allowed) {
    if (!known.add(image.fingerprint() + late.size())) {
      return;
    }
    images++;
    FileSubject after = open(image);
    String found = state(after, KEYS);
    assertTrue(allowed.contains(found), found);
    after.store().verify();
    for (int i = 0; i < 3; i++) { // goes on as if nothing had been
      after.store().commit(by("after").append("l", "\"after " + i + "\"").commit());
    }
    assertEquals(93, Request.text(read(after, "l")).split(",", -1).length);
    after.close();
  }

  @Test
  void aSecondCompactionAfterEachCrashDropsNoMoreThanTheFirst() {
    FileSubject subject = open(disk);
    fill(subject);
    expected = state(subject, KEYS);
    List<MemoryDisk> killed = new ArrayList<>();
    disk.listen(step -> killed.add(disk.kill()));
    subject.compact();
    disk.listen(step -> { });
    subject.close();
    assertTrue(killed.size() > 20, () -> killed.size() + " steps");
    for (MemoryDisk image : killed) {
      FileSubject after = open(image);
      after.store().renew(key("claimed"), claimId('b'), 0); // or the restart below ends it
      for (int second = 0; second < 70; second++) {
        clock.advance(1_000_000_000L);
        after.tick();
      }
      after.compact();
      assertEquals(expected, state(after, KEYS));
      after.restart();
      assertEquals(expected, state(after, KEYS));
      after.store().verify();
      after.close();
    }
  }

  @Test
  void commitsInTheMiddleOfACompactionAreKept() {
    FileSubject subject = open(disk);
    fill(subject);
    int[] steps = {0};
    disk.listen(step -> {
      if (steps[0]++ % 3 == 0 && !Thread.holdsLock(late) && step.contains("/journal/5")) {
        synchronized (late) {
          late.add(subject.store().commit(by("late").append("late", "\"" + late.size() + "\"").increment("k2", "1").commit()));
        }
      }
    });
    subject.compact();
    disk.listen(step -> { });
    assertTrue(late.size() > 3, () -> late.size() + " commits");
    String now = state(subject, KEYS);
    subject.close();
    FileSubject after = open(disk);
    assertEquals(now, state(after, KEYS));
    assertEquals(late.size(), Request.text(read(after, "late")).split(",", -1).length);
    after.close();
  }
}
