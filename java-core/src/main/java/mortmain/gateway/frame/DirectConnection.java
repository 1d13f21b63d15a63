package mortmain.gateway.frame;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import mortmain.model.MortmainException;

/**
 * A connection without a socket, of Python that runs in this JVM: the same frames, through memory. A request is a {@code byte[]}; the reply
 * lies in a direct buffer, which Python reads where it is. One call at a time; {@link #close} from any thread.
 */
public final class DirectConnection implements AutoCloseable {
  private static final int USUAL = 64 << 10;
  /** No answer came in time, or the connection was closed; nothing can be asked any more. */
  private static final int GONE = -1;

  private enum State {
    IDLE,
    ASKED,
    ANSWERED,
    CLOSED
  }

  private final Handler handler;
  private final BooleanSupplier served;
  private final MortmainException refusal;
  private final String instance;
  private final long limit;
  private final Session session = new Session();
  private final Answer answer = new Answer();
  private final AtomicReference<State> state = new AtomicReference<>(State.IDLE);
  private final ByteBuffer usual = ByteBuffer.allocateDirect(USUAL);
  private ByteBuffer buffer = usual;
  private volatile Thread waiter;

  private DirectConnection(Handler handler, BooleanSupplier served, MortmainException refusal, String instance, long limit) {
    this.handler = handler;
    this.served = served;
    this.refusal = refusal;
    this.instance = instance;
    this.limit = limit;
  }

  /** {@code served}: whether the gateway is still there; {@code limit}: bytes of the largest request. */
  public DirectConnection(Handler handler, BooleanSupplier served, String instance, long limit) {
    this(handler, served, null, instance, limit);
  }

  /** One whose every call is answered with this error. */
  public static DirectConnection refused(MortmainException refusal) {
    return new DirectConnection(null, () -> true, refusal, "", Long.MAX_VALUE);
  }

  /** Of the gateway; empty when there is none. */
  public String instance() {
    return instance;
  }

  /**
   * Handles one request frame, behind its length of 4 bytes.
   *
   * @param millis how long to wait for the answer
   * @return the length of the reply frame in {@link #buffer()}, which has no length in front; -1 when none came: the connection is closed then
   */
  public int call(byte[] frame, long millis) {
    waiter = Thread.currentThread();
    if (!state.compareAndSet(State.IDLE, State.ASKED)) {
      return GONE;
    }
    int length = frame.length - Reply.PREFIX;
    if (refusal != null || length > limit) {
      answer.refuse(refusal != null ? refusal : Answers.tooLarge(length, limit));
    } else {
      handler.handle(frame, Reply.PREFIX, length, answer);
      handler.flush(true);
    }
    await(System.nanoTime(), millis * 1_000_000);
    if (state.get() != State.ANSWERED) {
      close();
      return GONE;
    }
    int copied = copy();
    return state.compareAndSet(State.ANSWERED, State.IDLE) ? copied : GONE;
  }

  private void await(long begun, long nanos) {
    boolean interrupted = false;
    while (state.get() == State.ASKED) {
      long left = nanos - (System.nanoTime() - begun);
      if (left <= 0) {
        break;
      }
      LockSupport.parkNanos(this, left);
      interrupted |= Thread.interrupted();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private int copy() {
    Reply reply = answer.reply();
    int length = (int) reply.length();
    if (length > buffer.capacity() || (length <= USUAL && buffer.capacity() > USUAL)) {
      buffer = length <= USUAL ? usual : ByteBuffer.allocateDirect(length);
    }
    buffer.clear();
    buffer.put(reply.head(), Reply.PREFIX, reply.headEnd() - Reply.PREFIX);
    List<byte[]> values = reply.payload();
    for (int i = 0; i < values.size(); i++) {
      buffer.put(values.get(i));
    }
    reply.clear();
    return length;
  }

  /** The reply of the last call, from its first byte; another buffer after a reply above 64 KiB. */
  public ByteBuffer buffer() {
    return buffer;
  }

  /** Whether it can be used for another call. */
  public boolean isOpen() {
    return state.get() != State.CLOSED && served.getAsBoolean();
  }

  /** Lets go: an answer that is still to come is dropped. */
  @Override
  public void close() {
    if (state.getAndSet(State.CLOSED) != State.CLOSED) {
      LockSupport.unpark(waiter);
      if (handler != null) {
        handler.closed(session);
      }
    }
  }

  private final class Answer extends Exchange {
    private boolean delivered;

    Answer() {
      super(session);
    }

    void refuse(MortmainException rejection) {
      fail(rejection);
      reply().seal(0);
      done();
    }

    @Override
    public void done() {
      delivered = state.compareAndSet(State.ASKED, State.ANSWERED);
      Thread asked = waiter;
      if (Thread.currentThread() != asked) {
        LockSupport.unpark(asked);
      }
    }

    @Override
    public boolean delivered() {
      return delivered;
    }

    @Override
    public boolean peerPresent() {
      return state.get() == State.ASKED;
    }
  }
}
