package mortmain.file;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.logging.Logger;
import mortmain.journal.Journal;
import mortmain.journal.JournalDamaged;
import mortmain.journal.NoSegment;
import mortmain.journal.Sealed;

/**
 * Reads what was written long ago again, slowly, and checks it: a medium that forgets is found while there is a backup that does not. What is
 * damaged is said in the log, in the gateway's info and by doctor; the store serves on, and a read of a value that is damaged is refused by the
 * value's own CRC. One thread; {@link #info} may be asked by anybody.
 */
final class Scrub {
  private static final Logger LOG = Logger.getLogger("mortmain");
  /** Of the disk's time as little as nobody notices: 4 MiB a second. */
  private static final int STEP = 1 << 18;
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(1000 * STEP / (4 << 20));
  private static final long FIRST_NANOS = TimeUnit.MINUTES.toNanos(1);
  /** Between the ends of two rounds; bit rot takes months. */
  private static final long ROUND_NANOS = TimeUnit.DAYS.toNanos(1);

  private final Journal journal;
  private final Worker worker = new Worker("mortmain-scrub", this::live);
  private final Map<Integer, String> faults = new TreeMap<>();
  private long rounds;
  private long segments;
  private long unpaused;

  Scrub(Journal journal) {
    this.journal = journal;
  }

  void start() {
    worker.start();
  }

  /** Returns when it reads nothing any more. */
  void stop() {
    worker.stop();
  }

  private void live() {
    for (long pause = FIRST_NANOS; worker.rest(pause); pause = ROUND_NANOS) {
      round(this::pause);
    }
  }

  private void pause(int bytes) throws IOException {
    unpaused += bytes;
    for (; unpaused >= STEP; unpaused -= STEP) {
      worker.rest(PAUSE_NANOS);
    }
    if (worker.stopping()) {
      throw new IOException("the store is closing");
    }
  }

  /** Goes over every sealed segment. */
  void round(Journal.Between between) {
    List<Sealed> sealed = journal.sealed();
    synchronized (this) {
      faults.keySet().retainAll(sealed.stream().map(Sealed::number).toList()); // what was rewritten was read for that
    }
    for (Sealed each : sealed) {
      if (!worker.stopping()) {
        look(each.number(), between);
      }
    }
    synchronized (this) {
      rounds += worker.stopping() ? 0 : 1;
    }
  }

  private void look(int segment, Journal.Between between) {
    String fault = null;
    try {
      journal.verify(segment, between);
    } catch (JournalDamaged e) {
      fault = e.getMessage();
    } catch (NoSegment rewritten) {
      return;
    } catch (IOException | RuntimeException e) {
      if (worker.stopping() || journal.isOver()) {
        return;
      }
      fault = "segment " + segment + " cannot be read: " + e.getMessage();
    }
    note(segment, fault);
  }

  private synchronized void note(int segment, String fault) {
    segments++;
    String before = fault == null ? faults.remove(segment) : faults.put(segment, fault);
    if (fault != null && !fault.equals(before)) {
      LOG.severe("found by reading old segments again: " + fault);
    }
  }

  /** Plain scalars: how often all was read, segments read, and what is wrong, in words. */
  synchronized Map<String, Object> info() {
    Map<String, Object> info = new LinkedHashMap<>();
    info.put("rounds", rounds);
    info.put("segments", segments);
    info.put("faults", List.copyOf(faults.values()));
    return info;
  }
}
