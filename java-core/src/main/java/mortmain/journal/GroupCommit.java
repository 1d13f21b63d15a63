package mortmain.journal;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Many callers, one force. A caller that finds nobody leading leads: it writes and forces the oldest batch itself, which costs no wake-up
 * when it is alone. If others filled the next batch meanwhile, the leadership goes to the relay thread, which goes on until nothing is
 * pending: under load no caller is parked and woken to lead, and none is kept from its own work for longer than its own batch.
 *
 * <p>Whoever leads takes every batch in the queue in turn; the leadership ends only when nothing is pending that somebody waits for or drives
 * at once, and the relay looks for the rest in time, so no batch is forgotten that was appended before its appender waited or drove.
 *
 * <p>Safe for use by several threads. Nothing here blocks on the disk but a leader, which holds no lock then.
 */
final class GroupCommit {
  private final Object lock = new Object();
  private final Writing log;
  private final JournalOptions options;

  // Guarded by lock.
  private final ArrayDeque<Batch> queue = new ArrayDeque<>();
  private final Counters counters = new Counters();
  private Relay relay;
  private Batch inFlight;
  private boolean leading;
  private boolean closed;
  private long appended;
  private boolean markDue;
  /** A batch that is not urgent is kept back until it has so many records, at most so many nanoseconds. */
  private int enough;
  private long patience;
  private Batch newest;
  private Throwable cause;
  /** When poisoned: the last revision of the frame that was handed to the disk, or the durable one. */
  private long lastHanded;

  private volatile long durable;
  private final Bell bell = new Bell();

  GroupCommit(Writing log, JournalOptions options, Recovered recovered) {
    this.log = log;
    this.options = options;
    this.appended = recovered.revision();
    this.durable = recovered.revision();
    this.markDue = !recovered.endsWithMark();
  }

  long durable() {
    return durable;
  }

  void append(List<Record> records) {
    if (records.isEmpty()) {
      return;
    }
    long bytes = Batch.bodyOf(records);
    synchronized (lock) {
      requireOpen();
      Batch.requireIncreasing(appended, records);
      Batch tail = queue.peekLast();
      if (tail == null || tail.mark || tail.body + bytes > options.largestFrame()) {
        tail = enqueue(Batch.ofRecords());
      }
      tail.add(records, bytes);
      appended = tail.last;
      markDue = true;
    }
  }

  private void requireOpen() {
    if (cause != null) {
      throw poisoned(false);
    }
    if (closed) {
      throw new JournalPoisoned("the journal is closed", false, null);
    }
  }

  private Batch enqueue(Batch batch) {
    queue.add(batch);
    newest = batch;
    return batch;
  }

  void await(long revision) {
    if (revision <= durable) {
      return;
    }
    Batch batch;
    Waiter waiter;
    synchronized (lock) {
      batch = find(revision);
      if (batch == null) {
        return;
      }
      waiter = join(batch);
    }
    settle(batch, waiter);
    JournalPoisoned failure = batch.failure;
    if (failure != null) {
      throw new JournalPoisoned(failure.getMessage(), failure.inFlight(), failure.getCause());
    }
  }

  /** The batch that holds the revision; null when it is durable. Throws when it will never be. */
  private Batch find(long revision) {
    if (revision <= durable) {
      return null;
    }
    if (cause != null) {
      throw poisoned(revision <= lastHanded);
    }
    if (revision > appended) {
      throw new IllegalArgumentException("revision " + revision + " was never appended; the last one is " + appended);
    }
    if (inFlight != null && revision <= inFlight.last) {
      return inFlight;
    }
    for (Batch batch : queue) {
      if (revision <= batch.last) {
        return batch;
      }
    }
    throw new IllegalStateException("revision " + revision + " is in no batch");
  }

  /** Takes the leadership (returns null), or becomes a waiter of the batch. */
  private Waiter join(Batch batch) {
    if (!leading) {
      leading = true;
      return null;
    }
    Waiter waiter = new Waiter();
    batch.urgent = true;
    batch.waiters.add(waiter);
    return waiter;
  }

  /** Returns when the batch is forced or failed. Called without the lock. */
  private void settle(Batch batch, Waiter waiter) {
    if (waiter == null) {
      lead(batch);
    } else {
      waiter.await();
    }
  }

  void whenDurable(long revision, Consumer<JournalPoisoned> action) {
    JournalPoisoned failure = null;
    synchronized (lock) {
      try {
        Batch batch = find(revision);
        if (batch != null) {
          batch.actions.add(action);
          return;
        }
      } catch (JournalPoisoned e) {
        failure = e;
      }
    }
    action.accept(failure);
  }

  /** Has what is pending forced, by this thread if nobody leads. */
  void drive() {
    Batch batch;
    synchronized (lock) {
      batch = queue.peekLast();
      if (batch == null) {
        return;
      }
      batch.urgent = true;
      if (leading) {
        return; // whoever leads goes on until nothing urgent is pending
      }
      leading = true;
    }
    lead(batch);
  }

  /** Has it forced by the relay: as soon as so many records are pending, and at the latest so many nanoseconds later. */
  void driveElsewhere(int records, long nanos) {
    Relay other;
    synchronized (lock) {
      Batch batch = queue.peekLast();
      if (batch == null) {
        return;
      }
      batch.urgent |= records <= 1;
      enough = records;
      patience = nanos;
      if (leading) {
        return;
      }
      other = relay();
      leading = isRipe();
      if (!leading) {
        other.wakeIn(nanos);
        return;
      }
    }
    other.wake();
  }

  /** Under the lock: whether what is pending is to be forced now, and not when more has joined it. */
  private boolean isRipe() {
    Batch batch = queue.peekFirst();
    return batch != null && (batch.urgent || queue.size() > 1 || batch.records.size() >= enough);
  }

  /** Under the lock: whether there is something to lead on with. What is kept back, the relay looks for later. */
  private boolean goesOn() {
    boolean more = isRipe();
    if (!more && !queue.isEmpty()) {
      relay().wakeIn(patience);
    }
    return more;
  }

  /** The relay's, when what is pending has waited long enough for more. */
  private void leadLate() {
    synchronized (lock) {
      if (leading || queue.isEmpty()) {
        return;
      }
      leading = true;
    }
    leadOn();
  }

  void mark() {
    Batch batch;
    Waiter waiter;
    synchronized (lock) {
      requireOpen();
      if (!markDue) {
        return;
      }
      markDue = false;
      batch = enqueue(Batch.ofMark(appended));
      waiter = join(batch);
    }
    settle(batch, waiter);
  }

  void awaitBeyond(long revision, long nanos) throws InterruptedException {
    bell.await(() -> durable > revision || isOver(), nanos);
  }

  boolean isOver() {
    synchronized (lock) {
      return closed || cause != null;
    }
  }

  /** Refuses further appends and returns when nothing is pending or in flight. */
  void close() {
    closeAndForce();
    bell.ring();
  }

  private void closeAndForce() {
    Batch batch;
    Waiter waiter = null;
    Relay idle;
    synchronized (lock) {
      closed = true;
      if (cause == null && markDue) {
        markDue = false;
        enqueue(Batch.ofMark(appended));
      }
      batch = newest == null || newest.done ? null : newest;
      if (batch != null) {
        waiter = join(batch);
      }
      idle = relay;
    }
    if (batch != null) {
      settle(batch, waiter);
    }
    if (idle != null) {
      idle.stop();
    }
  }

  /** Leads until the goal is forced, and leaves the rest to the relay; or until the journal is poisoned. */
  private void lead(Batch goal) {
    Batch batch;
    do {
      batch = next();
      if (!force(batch)) {
        return;
      }
      Relay successor;
      synchronized (lock) {
        settled(batch);
        leading = batch != goal || goesOn();
        successor = batch == goal && leading ? relay() : null;
      }
      if (successor != null) {
        successor.wake();
      }
      batch.release();
      bell.ring();
    } while (batch != goal);
  }

  /** The relay's part: it has the leadership, and gives it up when nothing that is pending is due. */
  private void leadOn() {
    while (true) {
      Batch batch = next();
      if (!force(batch)) {
        return;
      }
      boolean more;
      synchronized (lock) {
        settled(batch);
        more = leading = goesOn();
      }
      batch.release();
      bell.ring();
      if (!more) {
        return;
      }
    }
  }

  private Batch next() {
    synchronized (lock) {
      inFlight = queue.remove();
      return inFlight;
    }
  }

  private boolean force(Batch batch) {
    try {
      log.write(batch);
      return true;
    } catch (Throwable e) {
      poison(batch, e);
      return false;
    }
  }

  /** Under the lock. */
  private void settled(Batch batch) {
    durable = batch.last;
    batch.done = true;
    inFlight = null;
    counters.count(batch, log.forceNanos());
  }

  /** Under the lock. */
  private Relay relay() {
    if (relay == null) {
      relay = new Relay(this::leadOn, this::leadLate);
    }
    return relay;
  }

  private void poison(Batch failed, Throwable failure) {
    List<Batch> lost = new ArrayList<>();
    synchronized (lock) {
      cause = failure;
      lastHanded = failed.handed ? failed.last : durable;
      inFlight = null;
      leading = false;
      lost.add(failed);
      lost.addAll(queue);
      queue.clear();
      for (Batch batch : lost) {
        batch.done = true;
        batch.failure = poisoned(batch.handed);
      }
    }
    lost.forEach(Batch::release);
    bell.ring();
    options.onPoison().accept(failure);
  }

  private JournalPoisoned poisoned(boolean handed) {
    String what = handed ? "whether this record is durable is known after the next open" : "this record was never handed to the disk";
    return new JournalPoisoned("the journal takes no more after a failed write or force (" + cause.getMessage() + "): " + what, handed, cause);
  }

  JournalStats stats() {
    synchronized (lock) {
      return counters.stats();
    }
  }

  long appended() {
    synchronized (lock) {
      return appended;
    }
  }
}
