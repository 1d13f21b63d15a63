package mortmain.gateway.frame;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.LockSupport;
import mortmain.model.MortmainException;
import mortmain.model.Rejection;

/**
 * An upgraded connection: frames in, replies out, one at a time. Its own thread reads; a reply is written by whichever thread has
 * the answer, which for a commit is the one that forced it, so that no thread is woken only to write. That thread is never kept for
 * long: replies above 32 KiB go to {@code helpers}, and a write that hangs is cut off by {@link #writingSince()}.
 */
public final class FrameLoop extends Exchange {
  private static final int FOREIGN_WRITE = 32 << 10;
  private static final int DIRECT = 32 << 10;

  private final Wire wire;
  private final Spin spin;
  private final Handler handler;
  private final ByteBudget budget;
  private final long limit;
  private final Executor helpers;
  private final Thread owner = Thread.currentThread();

  private volatile boolean pending;
  private volatile boolean broken;
  private volatile long writingSince;
  private int taken;

  /** To be made and run on the connection's own thread. {@code limit}: bytes of the largest frame. */
  public FrameLoop(Wire wire, Session session, Handler handler, ByteBudget budget, long limit, Executor helpers) {
    super(session);
    this.wire = wire;
    this.spin = new Spin(wire);
    this.handler = handler;
    this.budget = budget;
    this.limit = limit;
    this.helpers = helpers;
  }

  /** Serves until the peer closes or the connection breaks. */
  public void run() throws IOException {
    try {
      while (!broken && next()) {
        wire.shrink();
      }
    } finally {
      awaitAnswered();
    }
  }

  private boolean next() throws IOException {
    if (!spin.await(Reply.PREFIX)) {
      return false;
    }
    long length = 0;
    for (int i = 0; i < Reply.PREFIX; i++) {
      length = (length << 8) | Byte.toUnsignedLong(wire.peek(i));
    }
    wire.skip(Reply.PREFIX);
    awaitAnswered();
    if (length > Integer.MAX_VALUE) {
      refuse(Rejection.invalid("frame", "a negative length").exception());
      return false; // no boundary to go on from
    }
    if (length > limit) {
      wire.discard(length);
      refuse(Answers.tooLarge(length, limit));
      return true;
    }
    serve((int) length);
    return true;
  }

  private void serve(int length) throws IOException {
    if (length > Wire.OWN_BUFFER) {
      try {
        taken = budget.take(length);
      } catch (InterruptedException stopped) {
        throw new IOException("interrupted", stopped);
      }
    }
    try {
      if (length > 0 && !wire.await(length)) {
        throw new IOException("closed in the middle of a frame");
      }
    } catch (IOException | RuntimeException | Error e) {
      freeBudget();
      throw e;
    }
    pending = true;
    handler.handle(wire.buffer(), wire.at(), length, this);
    wire.skip(length);
  }

  private void refuse(MortmainException rejection) {
    pending = true;
    fail(rejection);
    reply().seal(0);
    done();
  }

  @Override
  public void done() {
    if (Thread.currentThread() == owner) {
      finish();
    } else if (reply().length() <= FOREIGN_WRITE) {
      writingSince = System.nanoTime() | 1;
      finish();
    } else {
      try {
        helpers.execute(this::finish);
      } catch (RejectedExecutionException stopping) {
        finish();
      }
    }
  }

  /** When another thread than the owner began to write, on the nanosecond clock, or 0. */
  public long writingSince() {
    return writingSince;
  }

  private void finish() {
    try {
      send();
    } catch (IOException | RuntimeException gone) {
      broken = true;
      wire.close();
    } finally {
      reply().clear();
      writingSince = 0;
      freeBudget();
      pending = false;
      if (Thread.currentThread() != owner) {
        LockSupport.unpark(owner);
      } else {
        spin.answered();
      }
    }
  }

  private void send() throws IOException {
    byte[] buffer = reply().head();
    wire.write(buffer, 0, reply().headEnd());
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
    return wire.peerPresent();
  }

  private void freeBudget() {
    if (taken > 0) {
      budget.free(taken);
      taken = 0;
    }
  }

  private void awaitAnswered() {
    while (pending) {
      LockSupport.park(this);
    }
  }
}
