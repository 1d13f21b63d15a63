package mortmain.file;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import mortmain.fence.Fence;
import mortmain.fence.Rule;
import mortmain.fence.Verdict;
import mortmain.journal.Journal;
import mortmain.journal.JournalPoisoned;
import mortmain.model.Event;
import mortmain.model.Key;
import mortmain.model.MortmainException;
import mortmain.model.Outcome;

/**
 * The write path: everything that adds an event to the store does it here, under the engine's one lock. What holds:
 *
 * <ul>
 *   <li>A decision is judged, appended to the pending frame and applied to the index in one hold of the lock. So the order of revisions is the
 *       order of the journal, of the changes of the index, and of what listeners and mirrors hear; and each verdict is one on everything before it.
 *   <li>A claim whose time is over is reclaimed, and that is appended, before anything is judged or picked.
 *   <li>No answer leaves before all that it was judged on is durable: a receipt waits for its own events, a rejection for those that it rests on.
 *   <li>The index knows every event that was appended, forced or not, and no other but what is never journaled: renewals. If the journal fails,
 *       what was not forced by then is never answered.
 * </ul>
 *
 * <p>Thread-safe.
 */
final class Decisions {
  private final FileState state;
  private final Journal journal;
  private final Clocks clocks;
  private final Failure failure;
  private final Chunks chunks;
  private final Mirrors mirrors;
  private final ReentrantLock lock = new ReentrantLock();
  private final Deque<EventRecord> unforced = new ArrayDeque<>();
  private final List<Consumer<Event>> listeners = new ArrayList<>();
  private volatile String readOnly;
  /** How many tombstones can be forgotten up to a revision, as far as was looked. Guarded by the lock. */
  private long forgettableUpTo = -1;
  private int forgettable;

  /** {@code mirrors}: makes the mounts, which record events by these decisions, and are asked by them. */
  Decisions(FileState state, Journal journal, Clocks clocks, Failure failure, Function<Decisions, Mirrors> mirrors) {
    this.state = state;
    this.journal = journal;
    this.clocks = clocks;
    this.failure = failure;
    this.chunks = new Chunks(state.index(), state.values());
    this.mirrors = mirrors.apply(this);
  }

  FileState state() {
    return state;
  }

  Journal journal() {
    return journal;
  }

  Mirrors mirrors() {
    return mirrors;
  }

  /** As {@link mortmain.engine.Engine#decide}. */
  <T> boolean decide(Rule<T> rule, boolean mayWait, Outcome<T> then) {
    Verdict<T> verdict;
    long judgedOn;
    lock.lock();
    try {
      expire();
      FileView view = view();
      verdict = rule.judge(view);
      if (mayWait && verdict instanceof Verdict.Rejected<T> rejected && rejected.canWait()) {
        return true;
      } else if (verdict instanceof Verdict.Unready<T>) {
        return true;
      }
      judgedOn = view.judgedOn();
      if (verdict instanceof Verdict.Accepted<T> accepted) {
        for (Event event : accepted.events()) {
          append(event);
          judgedOn = Math.max(judgedOn, event.revision());
        }
      }
    } catch (JournalPoisoned e) {
      then.reject(Failed.poisoned(e));
      return false;
    } catch (MortmainException e) {
      then.reject(e);
      return false;
    } catch (RuntimeException | Error e) {
      failure.happened(e);
      then.reject(Failed.broken(e));
      return false;
    } finally {
      lock.unlock();
    }
    journal.whenDurable(judgedOn, poisoned -> answer(verdict, poisoned, then));
    return false;
  }

  private static <T> void answer(Verdict<T> verdict, JournalPoisoned poisoned, Outcome<T> then) {
    if (poisoned != null) {
      then.reject(Failed.poisoned(poisoned));
    } else if (verdict instanceof Verdict.Accepted<T> accepted) {
      then.answer(accepted.answer());
    } else {
      then.reject(((Verdict.Rejected<T>) verdict).rejection().exception());
    }
  }

  /** What a rule sees now. Under the lock. */
  FileView view() {
    return new FileView(state, mirrors, readOnly, clocks.wall(state.index().lastAt()), clocks.claims());
  }

  /** Time permits the takeover; the journaled epoch makes it true, before anything is judged on it; says whether any ended. Under the lock. */
  private boolean expire() {
    settle();
    List<Key> due = state.index().expiries().due(clocks.claims());
    if (!due.isEmpty() && Fence.expire(view(), due) instanceof Verdict.Accepted<Boolean> accepted) {
      accepted.events().forEach(this::append);
      return accepted.answer();
    }
    return false;
  }

  /** Under the lock. */
  private void append(Event event) {
    if (event.revision() == 0) {
      state.index().apply(new EventCodec.Coded(event, null, List.of(), List.of()), clocks.claims());
      return;
    }
    List<Piece> pieces = event instanceof Event.Committed committed ? state.folds().pieces(committed.changes()) : List.of();
    List<EventCodec.Chunk> planned = event instanceof Event.Committed committed ? chunks.plan(committed, pieces) : List.of();
    EventRecord record = new EventRecord(EventCodec.encode(event, pieces, planned), state.tables());
    journal.append(List.of(record));
    unforced.add(record);
    state.index().apply(record.coded(), clocks.claims());
    state.requests().accepted(event);
    if (event instanceof Event.Committed committed) {
      state.folds().applied(committed);
    }
    for (Consumer<Event> listener : listeners) {
      listener.accept(event);
    }
    mirrors.on(event);
  }

  /** What became durable needs its bytes in memory no longer. Under the lock. */
  void settle() {
    long durable = journal.durableRevision();
    while (!unforced.isEmpty() && unforced.peek().revision() <= durable) {
      EventRecord record = unforced.poll();
      for (EventCodec.Run run : record.coded().runs()) {
        state.values().durable(run.piece());
      }
      state.requests().durable(record.coded().event(), record.segment(), record.offset(), clocks.now());
    }
  }

  /** As {@link #locked}, when the claims whose time is over are reclaimed; what rests on that is durable soon, see {@link #await}. */
  <T> T current(Supplier<T> look) {
    boolean expired = false;
    lock.lock();
    try {
      expired = expire();
      return look.get();
    } catch (JournalPoisoned e) {
      throw Failed.poisoned(e);
    } finally {
      lock.unlock();
      if (expired) {
        journal.drive();
      }
    }
  }

  /** Until what was looked at is durable. */
  void await(long revision) {
    if (revision > journal.durableRevision()) {
      try {
        journal.awaitDurable(revision);
      } catch (JournalPoisoned e) {
        throw Failed.poisoned(e);
      }
    }
  }

  /** No decision is made meanwhile. */
  <T> T locked(Supplier<T> look) {
    lock.lock();
    try {
      return look.get();
    } finally {
      lock.unlock();
    }
  }

  /** Adds an event that nobody asked for, and waits until it is durable. */
  void record(Function<FileView, Event> event) {
    long revision = locked(() -> add(event));
    journal.awaitDurable(revision);
  }

  /** The same without waiting; returns its revision. Under the lock. */
  long add(Function<FileView, Event> event) {
    Event made = event.apply(view());
    append(made);
    return made.revision();
  }

  /** As {@link mortmain.engine.Engine#listen}. */
  void listen(Consumer<Event> listener) {
    lock.lock();
    try {
      listeners.add(listener);
    } finally {
      lock.unlock();
    }
  }

  void readOnly(String reason) {
    readOnly = reason;
  }

  String readOnly() {
    return readOnly;
  }

  /** Runs now and then: expiry that nobody asks for, and what can be let go. */
  void tick() {
    clocks.tick();
    lock.lock();
    try {
      expire();
      state.index().recent().trim(clocks.claims());
      state.index().ages().tick(clocks.claims(), state.index().revision());
      state.requests().rotate(clocks.now());
    } finally {
      lock.unlock();
    }
    journal.drive();
  }

  /** Forgets the tombstones behind the horizon if there are at least so many; returns how many were there. */
  int forget(int atLeast) {
    return forget(atLeast, state.requests()::horizon);
  }

  /** Those that were last touched at {@code upTo} or before; asked for when what is appended first has moved the horizon on. */
  int forget(int atLeast, LongSupplier upTo) {
    lock.lock();
    try {
      expire();
      return forgetUpTo(upTo.getAsLong(), atLeast);
    } finally {
      lock.unlock();
    }
  }

  private int forgetUpTo(long upTo, int atLeast) {
    if (upTo == forgettableUpTo && forgettable < atLeast) {
      return forgettable; // only a horizon that moves makes more of them: no need to go over all keys
    }
    long[] greatest = new long[3];
    state.index().forgettable(upTo, record -> {
      greatest[0]++;
      greatest[1] = Math.max(greatest[1], record.version());
      greatest[2] = Math.max(greatest[2], record.epoch());
    });
    if (greatest[0] >= atLeast) {
      FileView view = view();
      append(new Event.Forgotten(view.revision() + 1, view.wallMicros(), upTo, greatest[1], greatest[2]));
    }
    forgettableUpTo = upTo;
    forgettable = greatest[0] >= atLeast ? 0 : Math.toIntExact(greatest[0]);
    return Math.toIntExact(greatest[0]);
  }

  /** After recovery: settles the claims of the last run, and names a new store. Not yet shared with other threads. */
  void opened(String newStoreId) {
    state.index().ages().opened(state.index().lastAt(), clocks.claims());
    if (state.index().storeId() == null) {
      append(new Event.Created(1, clocks.wall(0), newStoreId));
    }
    List<Key> unrenewed = new ArrayList<>();
    state.index().expiries().holders().forEach(record -> {
      if (record.claim.inherited()) {
        unrenewed.add(record.key);
      }
    });
    if (!unrenewed.isEmpty() && Fence.expireUnrenewed(view(), unrenewed) instanceof Verdict.Accepted<Boolean> accepted) {
      accepted.events().forEach(this::append);
    }
    if (!state.index().expiries().holders().isEmpty()) {
      append(new Event.Opened(state.index().revision() + 1, clocks.wall(state.index().lastAt())));
    }
    journal.awaitDurable(state.index().revision());
    mirrors.opened();
  }

  /** After recovery of a copied backup: it is another store from here on. Not yet shared with other threads. */
  void restored(String newStoreId) {
    if (Fence.restored(view(), newStoreId) instanceof Verdict.Accepted<Boolean> accepted) {
      accepted.events().forEach(this::append);
    }
    journal.awaitDurable(state.index().revision());
  }
}
