package mortmain.gateway.frame;

import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Level;
import java.util.logging.Logger;
import mortmain.Store;
import mortmain.model.Commit;
import mortmain.model.ErrorCode;
import mortmain.model.MortmainException;
import mortmain.model.Outcome;
import mortmain.model.Receipt;
import mortmain.model.Rejection;

/**
 * The table of operations: takes a frame apart, asks the store, writes the answer. Safe for any number of threads; one request of a
 * connection at a time.
 */
public final class Operations implements Handler {
  /** Whoever serves others too does not wait for forces that usually take longer. Nanoseconds. */
  private static final long SLOW_FORCE = 2_000_000;

  private static final long SLOW_FOR = 1_000_000_000;

  private final Store store;
  private final Meters meters;
  private final Commands commands;
  private final AtomicInteger busy = new AtomicInteger();
  private final AtomicInteger waiting = new AtomicInteger();
  private final AtomicInteger waiters = new AtomicInteger();
  private final ExecutorService blocking = Executors.newCachedThreadPool(this::waiter);
  private volatile boolean stopping;
  /** Of several flushing threads; a lost update of these only delays the choice. */
  private final AtomicLong usual = new AtomicLong();

  private volatile long slowUntil = System.nanoTime();
  /** Whether something that was handled since the last flush may wait for a force. */
  private volatile boolean unforced;
  /** ... and is more than commits that ended turns. Set before that, read after it. */
  private volatile boolean unforcedOutOfTurn;

  /** What the gateway around the store answers. */
  public interface Host {
    /** Version, instance, directory and the like for HELLO, ready to be written. */
    Map<String, Object> greeting();

    /** The mapping of {@code store.info()}. */
    Map<String, Object> info();

    /** Throws UNSUPPORTED when it is not a client's to stop. */
    void admitStop();

    /** Stops the gateway soon; returns at once. */
    void stop();
  }

  public Operations(Store store, Host host, Meters meters) {
    this.store = store;
    this.meters = meters;
    this.commands = new Commands(store, host);
  }

  private Thread waiter(Runnable task) {
    Thread thread = new Thread(task, "mortmain-wait-" + waiters.incrementAndGet());
    thread.setDaemon(true);
    return thread;
  }

  /** Takes no more requests. {@link #busy()} then falls to 0 as soon as the last one is answered. */
  public void stopTaking() {
    stopping = true;
  }

  /** Requests that are being answered; those that wait for a claim, a turn or an event are not counted. */
  public int busy() {
    return busy.get();
  }

  /** Whether a backup is being taken, also one that nobody waits for any more. */
  public boolean isBackingUp() {
    return commands.backing().isRunning();
  }

  /** Requests that wait for a claim, a turn or an event. */
  public int waiting() {
    return waiting.get();
  }

  @Override
  public void handle(byte[] frame, int at, int length, Exchange exchange) {
    long start = System.nanoTime();
    Op op = null;
    boolean mayWait = true;
    boolean inTurn = false;
    busy.incrementAndGet();
    try {
      admit(exchange);
      Request request = Request.of(frame, at, length);
      op = request.op();
      if (op == Op.STOP) {
        exchange.session().awaitEnd();
      }
      if (op == Op.COMMIT) {
        Commit commit = new CommitReader(request, store.limits()).read();
        inTurn = commit.turn() != 0;
        mayWait = commit(commit, request, start, exchange);
        return;
      }
      if (op == Op.CLAIM || op == Op.TURN || op == Op.WATCH || op == Op.BACKUP || op == Op.VERIFY) {
        waiting(request, start, exchange);
        return;
      }
      checkDeadline(request);
      commands.run(request, exchange);
    } catch (MortmainException rejection) {
      reject(rejection, exchange);
    } catch (RuntimeException | Error bug) {
      reject(internal(bug), exchange);
    } finally {
      if (mayWait && op != Op.TURN) {
        if (!inTurn) {
          unforcedOutOfTurn = true;
        }
        unforced = true;
      }
    }
    finish(op, start, exchange);
    if (op == Op.STOP && !exchange.reply().isError()) {
      commands.stop();
    }
  }

  @Override
  public boolean isLong(byte[] frame, int at, int length) {
    try {
      return commands.isLong(frame, at, length);
    } catch (RuntimeException malformed) {
      return false; // which is said soon
    }
  }

  @Override
  public void flush(boolean free) {
    if (!unforced) {
      return;
    }
    unforced = false; // before the force, which takes all that is there
    long now = System.nanoTime();
    boolean outOfTurn = unforcedOutOfTurn;
    unforcedOutOfTurn = false;
    if (now - slowUntil < 0 || (!free && store.isTurnTaken())) {
      store.forceElsewhere(!outOfTurn);
      return;
    }
    store.force();
    long took = System.nanoTime() - now;
    long average = usual.get() + (took - usual.get()) / 8;
    if (average > SLOW_FORCE) {
      slowUntil = now + SLOW_FOR;
    }
    usual.set(average > SLOW_FORCE ? 0 : average);
  }

  @Override
  public void closed(Session session) {
    for (long turn : session.drain()) {
      try {
        store.endTurn(turn);
      } catch (MortmainException ended) {
        // a turn is a hint; it is over either way
      }
    }
  }

  private void admit(Exchange exchange) {
    if (exchange.session().isRefused()) {
      throw unavailable("too-many-connections", "the gateway has as many connections as it takes: close some or share a Store");
    }
    if (stopping) {
      throw unavailable("refused", "the gateway is stopping: connect again, a new one will be started");
    }
  }

  /** Whether its answer may wait for a force. */
  private boolean commit(Commit commit, Request request, long start, Exchange exchange) {
    if (commit.turn() != 0) {
      exchange.session().ended(commit.turn());
    }
    CommitAnswer answer = new CommitAnswer(start, exchange, request);
    try {
      return store.submit(commit, answer, blocking);
    } catch (MortmainException rejection) {
      answer.reject(rejection);
    } catch (RuntimeException | Error bug) {
      // It may have been journaled: nobody may be told that it was not.
      internal(bug);
      answer.reject(unconfirmed(request.requestId()));
    }
    return true;
  }

  private void waiting(Request request, long start, Exchange exchange) {
    waiting.incrementAndGet();
    busy.decrementAndGet();
    try {
      checkDeadline(request);
      if (request.op() == Op.CLAIM) {
        commands.claiming().claim(request, exchange, () -> finishWaiting(Op.CLAIM, start, exchange));
      } else if (request.op() == Op.BACKUP) {
        commands.backing().run(request, exchange.reply());
        finishWaiting(Op.BACKUP, start, exchange);
      } else if (request.op() == Op.VERIFY) {
        commands.backing().verify(request, exchange.reply());
        finishWaiting(Op.VERIFY, start, exchange);
      } else if (request.op() == Op.WATCH) {
        commands.looking().watch(request, exchange.reply());
        finishWaiting(Op.WATCH, start, exchange);
      } else {
        commands.claiming().turn(request, exchange, rejection -> {
          if (rejection != null) {
            reject(rejection, exchange);
          }
          finishWaiting(Op.TURN, start, exchange);
        });
      }
    } catch (MortmainException rejection) {
      reject(rejection, exchange);
      finishWaiting(request.op(), start, exchange);
    } catch (RuntimeException | Error bug) {
      reject(internal(bug), exchange);
      finishWaiting(request.op(), start, exchange);
    }
  }

  private void finishWaiting(Op op, long start, Exchange exchange) {
    busy.incrementAndGet();
    waiting.decrementAndGet();
    finish(op, start, exchange);
  }

  private void finish(Op op, long start, Exchange exchange) {
    try {
      if (exchange.reply().length() > Integer.MAX_VALUE) {
        reject(tooLarge(exchange.reply().length()), exchange);
      }
      exchange.reply().seal(store.durableRevision());
      exchange.done();
    } finally {
      busy.decrementAndGet();
      if (op != null) { // null: no request could be told from the bytes
        meters.took(op, System.nanoTime() - start);
      }
    }
  }

  private void reject(MortmainException rejection, Exchange exchange) {
    meters.rejected(rejection.code());
    exchange.fail(rejection);
  }

  private void checkDeadline(Request request) {
    if (request.deadline() != 0 && request.deadlineNanos() < store.now()) {
      throw unavailable("timeout", "the request's time was over before the gateway took it up");
    }
  }

  static MortmainException unavailable(String reason, String sentence) {
    return Rejection.of(ErrorCode.UNAVAILABLE, sentence, Map.of("reason", reason)).exception();
  }

  private static MortmainException tooLarge(long size) {
    return Rejection.of(
            ErrorCode.TOO_LARGE,
            "the answer would have " + size + " bytes: read fewer keys at once",
            Map.of("size", size, "limit", Integer.MAX_VALUE))
        .exception();
  }

  private static MortmainException unconfirmed(String requestId) {
    return Rejection.of(
            ErrorCode.UNCONFIRMED,
            "the gateway failed while it committed " + requestId + ": it may have happened, resolve the request",
            Map.of("request_id", requestId))
        .exception();
  }

  private static MortmainException internal(Throwable bug) {
    Logger.getLogger("mortmain.gateway").log(Level.SEVERE, "an operation failed unexpectedly", bug);
    return unavailable("internal", "the gateway failed unexpectedly (" + bug + "): see its log");
  }

  /** Answers a commit once, on whatever thread knows how it went. */
  private final class CommitAnswer implements Outcome<Receipt> {
    private final long start;
    private final Exchange exchange;
    private final String requestId;
    private final boolean brief;
    private final AtomicInteger answers = new AtomicInteger();

    CommitAnswer(long start, Exchange exchange, Request request) {
      this.start = start;
      this.exchange = exchange;
      this.requestId = request.requestId();
      this.brief = request.isBrief();
    }

    @Override
    public void answer(Receipt receipt) {
      if (answers.getAndIncrement() == 0) {
        try {
          Answers.committed(exchange.reply(), receipt, brief);
        } catch (RuntimeException | Error bug) {
          internal(bug);
          Operations.this.reject(unconfirmed(requestId), exchange);
        }
        finish(Op.COMMIT, start, exchange);
      }
    }

    @Override
    public void reject(MortmainException rejection) {
      if (answers.getAndIncrement() == 0) {
        Operations.this.reject(rejection, exchange);
        finish(Op.COMMIT, start, exchange);
      }
    }
  }
}
