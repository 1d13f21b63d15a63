package mortmain.file;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import mortmain.disk.Disk;
import mortmain.journal.Journal;
import mortmain.journal.JournalPoisoned;
import mortmain.journal.Start;

/**
 * Sees to it that there is an {@link Aid} that is not much older than the state, so that a start after a crash is as quick as one after a stop.
 * By one thread at a time, which lets nothing be compacted meanwhile.
 */
final class Aids {
  /** Replaying so much, or so many, takes half a second. */
  private static final long BYTES = 128L << 20;
  private static final long REVISIONS = 100_000;
  /** It takes at most one part in so many of a core, and of the time between two. */
  private static final int REST = 4;

  private final Decisions decisions;
  private final Clocks clocks;
  private final Disk disk;
  private final Path directory;
  private final Journal journal;
  private long from = Long.MAX_VALUE;
  private volatile long revision;
  /** The segments that the newest one is of; when one of them is gone it is of no use. */
  private volatile Map<Integer, Long> segments = Map.of();
  private long written;
  private final LongAdder failures = new LongAdder();
  private long restUntil = Long.MIN_VALUE;

  Aids(Decisions decisions, Clocks clocks, Disk disk, Path directory) {
    this.decisions = decisions;
    this.clocks = clocks;
    this.disk = disk;
    this.directory = directory;
    this.journal = decisions.journal();
  }

  /** With at least so many bytes of journal there is to be one. */
  void from(long bytes) {
    from = bytes;
  }

  /** What this run began with. */
  void opened(Start start) {
    revision = start.revision();
    segments = start.segments();
  }

  /** Writes it while commits go on, if the one that there is would leave too much to be replayed. */
  void ifDue(Aid.Host host) {
    if (clocks.now() >= restUntil && isDue()) {
      long begun = clocks.now();
      try {
        write(host);
      } catch (IOException e) {
        failures.increment(); // the one before is still there, or none; it is tried again
      } finally {
        long ended = clocks.now();
        restUntil = ended + REST * (ended - begun);
      }
    }
  }

  /** Of which revision the newest one is, and how often one was begun and not completed. Plain scalars. */
  Map<String, Object> info() {
    return Map.of("revision", isOfUse() ? revision : 0L, "failures", failures.sum());
  }

  private boolean isDue() {
    if (journal.bytesOnDisk() < from || decisions.readOnly() != null) {
      return false;
    }
    long behind = journal.durableRevision() - revision;
    return behind > 0 && (!isOfUse() || behind >= REVISIONS || journal.stats().bytes() - written >= BYTES);
  }

  private boolean isOfUse() {
    return !segments.isEmpty() && journal.salts().entrySet().containsAll(segments.entrySet());
  }

  void write(Aid.Host host) throws IOException {
    long bytes = journal.stats().bytes();
    Start start = Aid.write(disk, directory, decisions.state(), host, journal::salts);
    revision = start.revision();
    segments = start.segments();
    written = bytes;
  }

  /** Before the journal closes: the next start replays nothing. What fails leaves the one before. */
  void atTheEnd(Aid.Host host) {
    try {
      if (journal.bytesOnDisk() >= from && decisions.readOnly() == null && (journal.lastRevision() != revision || !isOfUse())) {
        write(host);
      }
    } catch (IOException | JournalPoisoned e) {
      // the next open replays what came later
    }
  }

  /** Lets others have the lock, and the processor, for longer than it was held. */
  static void rest(long nanos) {
    LockSupport.parkNanos(REST * nanos);
  }
}
