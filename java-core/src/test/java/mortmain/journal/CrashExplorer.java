package mortmain.journal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import mortmain.disk.MemoryDisk;

/**
 * Runs a workload, and before each step of the disk makes every crash image and recovers it. The oracle: what was acknowledged is recovered,
 * and what is recovered is a prefix of what was issued, whole appends only.
 */
final class CrashExplorer {
  static final Path ROOT = Path.of("/store");

  private final AtomicLong salt = new AtomicLong(42);
  final JournalOptions options = JournalOptions.defaults().segments(2048, 4096).background(Runnable::run)
      .salt(salt::incrementAndGet).clock(Clock.fixed(Instant.EPOCH, ZoneOffset.UTC));
  final List<Plain> issued = new ArrayList<>();
  /** An image that was recovered under the same expectations need not be recovered again. */
  private final Set<List<Object>> known = new HashSet<>();
  private final List<Integer> boundaries = new ArrayList<>(List.of(0));
  long acknowledged;
  int images;
  int recoveredLess;

  /** Appends records of these sizes as one append, and waits until they are durable. */
  void commit(Journal journal, int... sizes) {
    append(journal, sizes);
    journal.awaitDurable(journal.lastRevision());
    acknowledged = journal.lastRevision();
  }

  void append(Journal journal, int... sizes) {
    List<Record> records = new ArrayList<>();
    for (int size : sizes) {
      Plain record = Plain.ofSize(issued.size() + 1, size);
      issued.add(record);
      records.add(record);
    }
    boundaries.add(issued.size());
    journal.append(records);
  }

  Journal open(MemoryDisk disk, Replayed replayed) throws IOException {
    return Journal.open(disk, ROOT, options, replayed);
  }

  /** Explores every image before each step of what the action does. */
  void explore(MemoryDisk disk, Workload action, Check check) throws IOException {
    disk.listen(step -> disk.forEachCrashImage(image -> checked(image, step, "first", check)));
    action.run();
    disk.listen(step -> { });
    disk.forEachCrashImage(image -> checked(image, "the end", "first", check));
  }

  private void checked(MemoryDisk image, String step, Object expectation, Check check) {
    if (!known.add(List.of(image.fingerprint(), acknowledged, issued.size(), expectation))) {
      return;
    }
    images++;
    try {
      check.check(image);
    } catch (IOException | RuntimeException | AssertionError e) {
      throw new AssertionError("power lost before: " + step, e);
    }
  }

  /** Recovers an image and holds it against the oracle; returns how many records it had. */
  int recover(MemoryDisk image) throws IOException {
    Replayed replayed = new Replayed();
    open(image, replayed).close();
    int found = replayed.revisions.size();
    requirePrefix(replayed);
    if (found < issued.size()) {
      recoveredLess++;
    }
    return found;
  }

  void requirePrefix(Replayed replayed) {
    int found = replayed.revisions.size();
    assertTrue(found >= acknowledged, () -> "acknowledged " + acknowledged + ", recovered " + found);
    assertTrue(boundaries.contains(found), () -> "an append was split: " + found + " of " + boundaries);
    for (int i = 0; i < found; i++) {
      assertEquals(issued.get(i).revision(), replayed.revisions.get(i));
      assertArrayEquals(issued.get(i).bytes(), replayed.values.get(i));
    }
  }

  /**
   * Recovers the image, crashes again at every step of that, recovers each of those too, and goes on in each with other records than the ones
   * that were lost: none of the old ones may come back.
   */
  void recoverAndCrashAgain(MemoryDisk image) throws IOException {
    int[] atLeast = {0};
    image.varyLittle(ROOT.resolve("lost"));
    MemoryDisk disk = image.kill();
    disk.listen(step -> disk.forEachCrashImage(second -> checked(second, "again: " + step, "second", this::recover)));
    Replayed replayed = new Replayed();
    Journal journal = open(disk, replayed);
    disk.listen(step -> { });
    requirePrefix(replayed);
    atLeast[0] = replayed.revisions.size();
    disk.forEachCrashImage(second -> checked(second, "again, after the open", atLeast[0], each -> {
      if (recover(each) < atLeast[0]) {
        fail("served " + atLeast[0] + " records after the open, and lost some");
      }
    }));
    Plain other = new Plain(atLeast[0] + 1, "other".getBytes(StandardCharsets.UTF_8));
    journal.append(List.of(other));
    journal.awaitDurable(other.revision());
    disk.forEachCrashImage(second -> checked(second, "again, after another record", -atLeast[0] - 1, each -> {
      Replayed after = new Replayed();
      open(each, after).close();
      assertEquals(atLeast[0] + 1, after.revisions.size(), "a record came back");
      assertArrayEquals(other.bytes(), after.values.get(atLeast[0]));
    }));
  }

  /** Recovers every image, and crashes again in one of this many. */
  Check crashAgainInOneOf(int many) {
    int[] count = {0};
    return image -> {
      if (count[0]++ % many == 0) {
        recoverAndCrashAgain(image);
      } else {
        recover(image);
      }
    };
  }

  /** What is run under observation. */
  interface Workload {
    void run() throws IOException;
  }

  /** What is done with each image. */
  interface Check {
    void check(MemoryDisk image) throws IOException;
  }
}
