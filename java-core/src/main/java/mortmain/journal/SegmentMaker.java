package mortmain.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import mortmain.disk.DiskFile;

/**
 * Makes zero-filled segment files, ahead of their use and in the background. Zeros are written for real: space that is only allocated makes
 * the first force of each page as slow as growing the file.
 *
 * <p>{@link #prepare}, {@link #take} and {@link #close} are called by one thread at a time, the leader.
 */
final class SegmentMaker {
  private static final int STEP = 1 << 18;
  /** The disk is shared with the commits: a force of 64 MiB in one go would make them wait. */
  private static final int FORCE_EVERY = 1 << 21;

  /** Bytes that a big segment leaves free: with less the store is about to go read-only, and the last ones are not for zeros. */
  private static final long RESERVE = 64L << 20;

  private final Home home;
  private final JournalOptions options;
  private FutureTask<DiskFile> next;
  private int nextNumber;

  SegmentMaker(Home home, JournalOptions options) {
    this.home = home;
    this.options = options;
  }

  /** Starts to make this segment, if that has not been done. */
  void prepare(int number) {
    if (next == null || nextNumber != number) {
      nextNumber = number;
      next = new FutureTask<>(() -> make(number, fitting(number)));
      options.background().execute(next);
    }
  }

  /** Returns the file of this segment, at least this big; waits for the background, or makes it now. */
  DiskFile take(int number, long size) throws IOException {
    DiskFile file = next != null && nextNumber == number ? prepared() : null;
    next = null;
    if (file == null) {
      return make(number, Math.max(size, fitting(number)));
    }
    if (file.size() < size) {
      fill(file, file.size(), size);
    }
    return file;
  }

  /** Null when the background had no room: there may be some now, and a new file is no second try of an old force. */
  private DiskFile prepared() throws IOException {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return next.get();
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (ExecutionException e) {
          if (e.getCause() instanceof NotFilled) {
            return null;
          }
          throw new IOException("the next segment could not be made", e.getCause());
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** As big as its number asks for, or as small as the first one where the disk is nearly full. */
  private long fitting(int number) {
    long nominal = options.nominalSize(number);
    try {
      return home.disk.usableSpace(home.journal) >= nominal + RESERVE ? nominal : Math.min(nominal, options.nominalSize(1));
    } catch (IOException e) {
      return nominal; // not knowing is no reason to stop; a failing write is
    }
  }

  DiskFile make(int number, long size) throws IOException {
    Path path = home.segment(number);
    if (home.disk.exists(path)) {
      home.disk.delete(path);
      home.disk.forceDirectory(home.journal);
    }
    DiskFile file = home.disk.create(path);
    try {
      fill(file, 0, size);
      home.disk.forceDirectory(home.journal);
      return file;
    } catch (NotFilled e) {
      file.close();
      home.disk.delete(path); // on no list; left there it would hold what little room there was
      throw e;
    } catch (IOException | RuntimeException e) {
      try (file) {
        throw e;
      }
    }
  }

  private static void fill(DiskFile file, long from, long to) throws IOException {
    ByteBuffer zeros = ByteBuffer.allocateDirect((int) Math.min(STEP, to - from));
    for (long at = from; at < to; ) {
      zeros.clear().limit((int) Math.min(zeros.capacity(), to - at));
      int length = zeros.remaining();
      try {
        file.writeFully(at, zeros);
      } catch (IOException e) {
        throw new NotFilled(e);
      }
      at += length;
      if (at == to || at % FORCE_EVERY == 0) {
        file.force();
      }
    }
  }

  /** Waits for the background. What it made, or failed to make, is on no list: the next open removes it, and nobody needs to know. */
  void close() {
    if (next == null) {
      return;
    }
    try {
      DiskFile file = prepared();
      if (file != null) {
        file.close();
      }
    } catch (IOException e) {
      // No frame depends on this file.
    }
    next = null;
  }

  /** Zeros could not be written; nothing was forced. */
  private static final class NotFilled extends IOException {
    NotFilled(IOException cause) {
      super(cause.getMessage(), cause);
    }
  }
}
