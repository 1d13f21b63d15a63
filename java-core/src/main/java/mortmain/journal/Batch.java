package mortmain.journal;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * The records of one frame, and who waits for it. All but the records are guarded by the lock of {@link GroupCommit}; the records belong to
 * the leader once it took the batch from the queue.
 */
final class Batch {
  final boolean mark;
  final List<Record> records = new ArrayList<>();
  final List<Waiter> waiters = new ArrayList<>();
  final List<Consumer<JournalPoisoned>> actions = new ArrayList<>(0);
  long first;
  long last;
  /** Bytes of the body. */
  long body;
  /** Somebody waits for it; it is not kept back until others join it. */
  boolean urgent;
  /** Set by the leader: from here on the disk may hold some of it. */
  boolean handed;
  boolean done;
  JournalPoisoned failure;

  private Batch(boolean mark, long revision) {
    this.mark = mark;
    this.first = revision;
    this.last = revision;
  }

  static Batch ofRecords() {
    return new Batch(false, 0);
  }

  static Batch ofMark(long lastRevision) {
    return new Batch(true, lastRevision);
  }

  static void requireIncreasing(long appended, List<Record> records) {
    long previous = appended + 1;
    for (int i = 0; i < records.size(); i++) {
      long revision = records.get(i).revision();
      if (revision < previous) {
        throw new IllegalArgumentException("revision " + revision + " after " + appended);
      }
      previous = revision;
    }
  }

  void add(List<Record> more, long bytes) {
    if (records.isEmpty()) {
      first = more.get(0).revision();
    }
    records.addAll(more);
    last = more.get(more.size() - 1).revision();
    body += bytes;
  }

  /** Out of reach of new waiters and actions, it tells each that it has. */
  void release() {
    for (int i = 0; i < waiters.size(); i++) {
      waiters.get(i).release();
    }
    for (Consumer<JournalPoisoned> action : actions) {
      try {
        action.accept(failure);
      } catch (RuntimeException e) {
        Thread thread = Thread.currentThread();
        thread.getUncaughtExceptionHandler().uncaughtException(thread, e);
      }
    }
  }

  static long bodyOf(List<Record> records) {
    long bytes = 0;
    for (int i = 0; i < records.size(); i++) {
      bytes += Frame.RECORD_PREFIX + records.get(i).bytes().length;
    }
    if (bytes > Frame.LARGEST) {
      throw new IllegalArgumentException("one append of " + bytes + " bytes");
    }
    return bytes;
  }

  /** Tells each record its place in the frame that begins at this offset. */
  void place(int segment, long offset) {
    long at = offset + Frame.HEADER;
    for (int i = 0; i < records.size(); i++) {
      Record record = records.get(i);
      record.placed(segment, (int) (at + Frame.RECORD_PREFIX));
      at += Frame.RECORD_PREFIX + record.bytes().length;
    }
  }
}
