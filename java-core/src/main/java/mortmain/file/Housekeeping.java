package mortmain.file;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import mortmain.disk.Disk;
import mortmain.journal.JournalPoisoned;

/** One thread that expires claims, marks a quiet journal, watches the disk and forgets old tombstones. */
final class Housekeeping {
  private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
  private static final int TICKS_A_SECOND = 20;
  private static final int TICKS_A_MINUTE = 1200;

  /** Bytes that stay free, so that claims can still expire and files can still be rewritten. */
  static final long RESERVE = 64L << 20;

  /** Below this many times the reserve the disk is looked at with every tick. */
  private static final int NEAR = 8;

  private static final int TOMBSTONES = 1000;

  private final Decisions decisions;
  private final Disk disk;
  private final Path directory;
  private final Worker worker = new Worker("mortmain-housekeeping", this::run);
  private long markedRevision = -1;
  private boolean nearlyFull;

  Housekeeping(Decisions decisions, Disk disk, Path directory) {
    this.decisions = decisions;
    this.disk = disk;
    this.directory = directory;
  }

  void start() {
    watchDisk(this::usable); // before the first commit, not a second after it
    worker.start();
  }

  void stop() {
    worker.stop();
  }

  private void run() {
    try {
      for (int tick = 1; worker.rest(TICK_NANOS); tick++) {
        decisions.tick();
        boolean second = tick % TICKS_A_SECOND == 0;
        if (second || nearlyFull) {
          watchDisk(this::usable);
        }
        if (second) {
          markWhenQuiet();
        }
        if (tick % TICKS_A_MINUTE == 0) {
          decisions.forget(TOMBSTONES);
        }
      }
    } catch (JournalPoisoned e) {
      worker.end(); // a poisoned journal tells everybody by itself
    }
  }

  /** Nothing new for a second: then the last acknowledged frame should not be the last one on disk. */
  private void markWhenQuiet() {
    long revision = decisions.journal().lastRevision();
    if (revision == markedRevision) {
      decisions.journal().mark();
    }
    markedRevision = revision;
  }

  /** Goes read-only before the disk is full, and comes back by itself. */
  void watchDisk(Supplier<Long> usable) {
    long free = usable.get();
    nearlyFull = free < NEAR * RESERVE; // a second of writing may be more than the reserve
    if (free < RESERVE) {
      decisions.readOnly("only " + (free >> 20) + " MiB are free on the disk, " + (RESERVE >> 20) + " MiB are kept in reserve");
    } else if (decisions.readOnly() != null && free > RESERVE + RESERVE / 4) {
      decisions.readOnly(null);
    }
  }

  private long usable() {
    try {
      return disk.usableSpace(directory);
    } catch (IOException e) {
      return Long.MAX_VALUE; // not knowing is no reason to stop; a failing write is
    }
  }
}
