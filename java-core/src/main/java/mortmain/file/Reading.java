package mortmain.file;

import mortmain.engine.Engine;

/** Says how much of something long was read, a MiB at a time. For one thread. */
final class Reading {
  private static final long STEP = 1 << 20;

  private final Engine.Progress progress;
  private final long total;
  private long done;
  private long said;

  Reading(Engine.Progress progress, long total) {
    this.progress = progress;
    this.total = total;
  }

  void more(long bytes) {
    done = Math.min(total, done + bytes);
    if (done - said >= STEP) {
      said = done;
      progress.copied(done, total);
    }
  }

  /** At least so much, whatever was counted: what is empty is not read. */
  void reached(long bytes) {
    done = Math.max(done, bytes);
    said = done;
    progress.copied(done, total);
  }
}
