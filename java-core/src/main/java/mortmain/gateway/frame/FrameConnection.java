package mortmain.gateway.frame;

import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.SelectionKey;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Level;
import java.util.logging.Logger;
import mortmain.model.MortmainException;
import mortmain.model.Rejection;

/**
 * An upgraded connection: frames in, replies out, one at a time. The {@link EventLoop} reads it while its requests are small and soon
 * answered; a thread of its own does from a large or long one on, until some small ones in a row have come. A reply is written by
 * whichever thread has the answer, which for a commit is the one that forced it, so that no thread is woken only to write. That thread
 * is never kept: a reply above 32 KiB, or one that the peer does not take, goes to the connection's own thread.
 */
public final class FrameConnection extends Exchange {
  /** What the loop does with a connection that it has looked at. */
  enum Next {
    STAY,
    /** Nothing more is read until the reply is out. */
    WAIT,
    /** A thread of its own serves it from here on. */
    LEAVE,
    CLOSE
  }

  private static final int FOREIGN_WRITE = 32 << 10;
  private static final int DIRECT = 32 << 10;
  /** Short requests in a row after which the loop serves the connection again. */
  private static final int SHORT_IN_A_ROW = 16;
  /** Bytes of the largest request that the loop reads. */
  private static final int SMALL = Wire.OWN_BUFFER - Reply.PREFIX;

  private final Wire wire;
  private final Handler handler;
  private final ByteBudget budget;
  private final long limit;
  private final EventLoop loop;
  private final Executor threads;
  private final Runnable over;
  /** Of its own thread. */
  private final Pace pace = new Pace();

  /** Of the loop, while it serves this. */
  SelectionKey key;

  private volatile boolean pending;
  private volatile boolean broken;
  /** The loop has more to look at once the reply is out. */
  private volatile boolean waiting;
  /** The thread that serves it; null while the loop does. */
  private volatile Thread owner;
  private volatile long writingSince;
  private int written;
  private int taken;

  /** {@code limit}: bytes of the largest frame. {@code over} runs once, when the connection has ended. */
  public FrameConnection(
      Wire wire, Session session, Handler handler, ByteBudget budget, long limit, EventLoop loop, Executor threads, Runnable over) {
    super(session);
    this.wire = wire;
    this.handler = handler;
    this.budget = budget;
    this.limit = limit;
    this.loop = loop;
    this.threads = threads;
    this.over = over;
  }

  /** Serves until the peer closes or the connection breaks; returns at once. */
  public void start() {
    loop.enter(this);
  }

  /** Ends it, from any thread. */
  public void shutdown() {
    wire.close();
    loop.lookAt(this);
  }

  Wire wire() {
    return wire;
  }

  // ---------------------------------------------------------------- on the loop's thread

  /** Serves what has come, without waiting. A request that may take long is left untouched. */
  Next look() throws IOException {
    while (true) {
      if (pending) {
        waiting = true;
        if (pending) {
          return Next.WAIT;
        }
      }
      waiting = false;
      int length = wire.available() < Reply.PREFIX ? 0 : length();
      if (length < 0 || length > SMALL) {
        return Next.LEAVE;
      }
      if (wire.available() < Reply.PREFIX || wire.available() < Reply.PREFIX + length) {
        int read = wire.fillNow();
        if (read <= 0) {
          return read < 0 ? Next.CLOSE : Next.STAY;
        }
      } else if (handler.isLong(wire.buffer(), wire.at() + Reply.PREFIX, length)) {
        return Next.LEAVE;
      } else {
        take(length);
        if (wire.available() == 0) {
          return Next.STAY;
        }
      }
    }
  }

  private void take(int length) {
    pending = true;
    reply().alone(loop.isAlone(this));
    handler.handle(wire.buffer(), wire.at() + Reply.PREFIX, length, this);
    wire.skip(Reply.PREFIX + length);
  }

  /** Lets a thread of its own go on. The loop has let go of the channel, which blocks again. */
  void leave() {
    try {
      threads.execute(this::run);
    } catch (RejectedExecutionException stopping) {
      end();
    }
  }

  /** The connection has ended: called once, by whoever serves it. */
  void end() {
    wire.close();
    over.run();
  }

  // ---------------------------------------------------------------- on a thread of its own

  private void run() {
    owner = Thread.currentThread();
    boolean goesOn = false;
    try {
      if (pending) {
        finish(); // what did not fit the socket, or was too large to be written by others
      }
      goesOn = serve();
    } catch (IOException gone) {
      // nobody is left to tell
    } catch (RuntimeException | Error bug) {
      Logger.getLogger("mortmain.gateway").log(Level.SEVERE, "a connection failed unexpectedly", bug);
    } finally {
      awaitAnswered();
      owner = null;
      if (goesOn && !broken) {
        loop.enter(this);
      } else {
        end();
      }
    }
  }

  /** True when the loop may go on with it; false at its end. */
  private boolean serve() throws IOException {
    long steps = -1; // what was done before this thread's first request is not known
    long onlySince = 0;
    boolean alone = false;
    for (int inARow = 0; inARow < SHORT_IN_A_ROW; ) {
      if (broken || !awaitNext(alone && loop.isQuietSince(steps))) {
        return false;
      }
      awaitAnswered();
      if (!loop.isQuietSince(steps)) {
        onlySince = System.nanoTime();
      }
      alone = System.nanoTime() - onlySince > Pace.ALONE_AFTER;
      reply().alone(alone);
      loop.beganAway();
      try {
        steps = loop.steps();
        int length = length();
        wire.skip(Reply.PREFIX);
        if (length < 0) {
          refuse(Rejection.invalid("frame", "a negative length").exception());
          return false; // no boundary to go on from
        }
        inARow = serve(length) ? 0 : inARow + 1;
        wire.shrink();
      } finally {
        loop.endedAway();
      }
    }
    return true;
  }

  /** A lone client's next request is looked for before sleeping, as the loop does. */
  private boolean awaitNext(boolean alone) throws IOException {
    long from = System.nanoTime();
    if (alone && !pending && pace.isFast()) {
      wire.look(from + Pace.LONGEST_LOOK);
    }
    boolean more = wire.await(Reply.PREFIX);
    pace.waited(System.nanoTime() - from);
    return more;
  }

  private int length() {
    int length = 0;
    for (int i = 0; i < Reply.PREFIX; i++) {
      length = (length << 8) | Byte.toUnsignedInt(wire.peek(i));
    }
    return length;
  }

  /** Whether it was a large or long one. */
  private boolean serve(int length) throws IOException {
    if (length > limit) {
      wire.discard(length);
      refuse(Answers.tooLarge(length, limit));
      return true;
    }
    if (length > Wire.OWN_BUFFER) {
      try {
        taken = budget.take(length);
      } catch (InterruptedException stopped) {
        throw new IOException("interrupted", stopped);
      }
    }
    try {
      if (length > 0 && !wire.await(length)) {
        throw new EOFException("closed in the middle of a frame");
      }
    } catch (IOException | RuntimeException | Error e) {
      freeBudget();
      throw e;
    }
    boolean isLong = length > SMALL || handler.isLong(wire.buffer(), wire.at(), length);
    pending = true;
    handler.handle(wire.buffer(), wire.at(), length, this);
    handler.flush(true);
    wire.skip(length);
    return isLong;
  }

  private void refuse(MortmainException rejection) {
    pending = true;
    fail(rejection);
    reply().seal(0);
    done();
  }

  private void awaitAnswered() {
    while (pending) {
      LockSupport.park(this);
    }
  }

  // ---------------------------------------------------------------- on the thread that has the answer

  @Override
  public void done() {
    Thread server = owner;
    if (Thread.currentThread() == server) {
      finish();
    } else if (server == null) {
      finishOnLoop();
    } else if (reply().length() <= FOREIGN_WRITE) {
      writingSince = System.nanoTime() | 1;
      finish();
    } else {
      try {
        threads.execute(this::finish);
      } catch (RejectedExecutionException stopping) {
        finish();
      }
    }
  }

  /** When another thread than the owner began to write, on the nanosecond clock, or 0. */
  public long writingSince() {
    return writingSince;
  }

  /** The channel does not block: what it does not take is left to a thread. */
  private void finishOnLoop() {
    try {
      boolean small = reply().payload().isEmpty() && reply().length() <= FOREIGN_WRITE;
      written = small ? wire.writeNow(reply().head(), 0, reply().headEnd()) : 0;
      if (!small || written < reply().headEnd()) {
        loop.release(this);
        return;
      }
    } catch (IOException | RuntimeException gone) {
      broken = true;
      wire.close();
    }
    reply().clear();
    written = 0;
    pending = false;
    if (waiting || broken) {
      loop.lookAt(this);
    }
  }

  private void finish() {
    try {
      send();
    } catch (IOException | RuntimeException gone) {
      broken = true;
      wire.close();
    } finally {
      Thread server = owner;
      reply().clear();
      written = 0;
      writingSince = 0;
      freeBudget();
      pending = false;
      if (Thread.currentThread() != server) {
        LockSupport.unpark(server);
      }
    }
  }

  private void send() throws IOException {
    byte[] buffer = reply().head();
    wire.write(buffer, written, reply().headEnd());
    List<byte[]> values = reply().payload();
    int staged = 0;
    for (int i = 0; i < values.size(); i++) {
      byte[] value = values.get(i);
      boolean direct = value.length > Math.min(DIRECT, buffer.length);
      if (staged > 0 && (direct || value.length > buffer.length - staged)) {
        wire.write(buffer, 0, staged);
        staged = 0;
      }
      if (direct) {
        wire.write(value, 0, value.length);
      } else {
        System.arraycopy(value, 0, buffer, staged, value.length);
        staged += value.length;
      }
    }
    wire.write(buffer, 0, staged);
  }

  @Override
  public boolean delivered() {
    return !broken;
  }

  @Override
  public boolean peerPresent() {
    return owner == null ? !broken : wire.peerPresent();
  }

  private void freeBudget() {
    if (taken > 0) {
      budget.free(taken);
      taken = 0;
    }
  }
}
