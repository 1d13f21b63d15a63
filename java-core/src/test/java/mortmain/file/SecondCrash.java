package mortmain.file;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Random;
import java.util.function.Consumer;
import mortmain.disk.MemoryDisk;
import mortmain.journal.Footers;
import mortmain.journal.Journal;
import mortmain.journal.JournalOptions;

/** The machine fails again while it recovers. */
final class SecondCrash {
  private SecondCrash() {}

  /** Gives what is left before each step of the recovery: of a process that died, of power that went, and one image in between. */
  static void explore(MemoryDisk image, Random random, Consumer<MemoryDisk> recovery, Consumer<MemoryDisk> check) {
    MemoryDisk recovering = image.kill();
    recovering.listen(step -> {
      check.accept(recovering.kill());
      check.accept(recovering.losePower());
      check.accept(recovering.crashImage(random));
    });
    recovery.accept(recovering);
    recovering.listen(step -> { });
  }

  /** The journal is recovered, and nothing is added to it. */
  static void recover(MemoryDisk disk, JournalOptions options) {
    try {
      Journal.open(disk, FileSubject.DIRECTORY, options, (segment, offset, revision, bytes) -> { }, Footers.UNKNOWN).close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
