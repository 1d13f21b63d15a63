package mortmain.file;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Random;
import java.util.function.Consumer;
import mortmain.disk.MemoryDisk;
import mortmain.journal.Footers;
import mortmain.journal.Journal;
import mortmain.journal.JournalOptions;

/**
 * The machine fails again while it recovers. Of many recoveries, and of many steps of each, every so manieth is looked at, always the same ones;
 * {@link #toString} says how many of how many. With the system property {@code mortmain.crash.all} all of them are.
 */
final class SecondCrash {
  private static final boolean ALL = Boolean.getBoolean("mortmain.crash.all");

  private final int recoveries;
  private final int steps;
  private final Random random;
  private int offered;
  private int recovered;
  private int passed;
  private int crashed;

  SecondCrash(int oneRecoveryOf, int oneStepOf) {
    recoveries = ALL ? 1 : oneRecoveryOf;
    steps = ALL ? 1 : oneStepOf;
    random = new Random(oneRecoveryOf);
  }

  /** What is left of the machine, and whether only the process died. */
  interface Check {
    void check(MemoryDisk image, boolean killed);
  }

  /** A copy to be recovered, when it is the turn of one; otherwise null. */
  MemoryDisk turn(MemoryDisk image) {
    return offered++ % recoveries == 0 ? image.kill() : null;
  }

  /** Gives what is left before a step of the recovery: of a process that died, of power that went, and one image in between. */
  void explore(MemoryDisk image, Consumer<MemoryDisk> recovery, Check check) {
    recovered++;
    int[] last = {0};
    image.listen(step -> {
      if (passed++ % steps == 0) {
        last[0] = passed;
        crash(image, check);
      }
    });
    recovery.accept(image);
    image.listen(step -> { });
    if (last[0] != passed) {
      crash(image, check);
    }
  }

  private void crash(MemoryDisk image, Check check) {
    crashed++;
    check.check(image.kill(), true);
    check.check(image.losePower(), false);
    check.check(image.crashImage(random), false);
  }

  /** The journal is recovered, and nothing is added to it. */
  static void recover(MemoryDisk disk, JournalOptions options) {
    try {
      Journal.open(disk, FileSubject.DIRECTORY, options, (segment, offset, revision, bytes) -> { }, Footers.UNKNOWN).close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  int crashed() {
    return crashed;
  }

  @Override
  public String toString() {
    return crashed + " second crashes (of " + passed + " steps of " + recovered + " recoveries, of " + offered + " images)";
  }
}
