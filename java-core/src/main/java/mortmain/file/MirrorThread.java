package mortmain.file;

import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import mortmain.journal.JournalPoisoned;

/** Once a second, and when somebody asks, does what is due for mirrored files. */
final class MirrorThread {
  private static final Logger LOG = Logger.getLogger("mortmain");
  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

  private final Mirrors mirrors;
  private final Worker worker = new Worker("mortmain-mirror", this::run);

  MirrorThread(Mirrors mirrors) {
    this.mirrors = mirrors;
  }

  void start() {
    worker.start();
  }

  /** Files that are behind are written soon, not now: false. */
  boolean later() {
    worker.wake();
    return false;
  }

  void stop() {
    worker.stop();
  }

  private void run() {
    long forced = System.nanoTime();
    try {
      while (worker.rest(forced + SECOND - System.nanoTime())) {
        boolean due = forced + SECOND - System.nanoTime() <= 0;
        pass(due);
        forced = due ? System.nanoTime() : forced;
      }
    } catch (JournalPoisoned e) {
      worker.end(); // a poisoned journal tells everybody by itself
    }
  }

  /** What fails for one second must not leave files behind for ever. */
  private void pass(boolean due) {
    try {
      mirrors.pass(due);
    } catch (JournalPoisoned e) {
      throw e;
    } catch (RuntimeException e) {
      LOG.log(Level.WARNING, "mirrored files could not be seen to, and will be again: " + e.getMessage(), e);
    }
  }
}
