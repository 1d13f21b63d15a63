package mortmain.gateway.frame;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.concurrent.locks.LockSupport;

/**
 * What py4j clients and in-process callers see: a request frame in, a reply frame out. One per connection or caller, and one call at
 * a time; it belongs to the thread that calls.
 */
public final class EntryPoint {
  private final Handler handler;
  private final Session session;
  private final long limit;
  private final Sink sink;

  /** Takes a reply on the thread that called; false when it could not be passed on. */
  public interface Sink {
    boolean deliver(byte[] reply);
  }

  /** {@code limit}: bytes of the largest request. */
  public EntryPoint(Handler handler, Session session, long limit, Sink sink) {
    this.handler = handler;
    this.session = session;
    this.limit = limit;
    this.sink = sink;
  }

  /** Handles one request frame; its reply has gone to the sink when this returns. False when the sink could not take it. */
  public boolean call(byte[] request) {
    Waiting exchange = new Waiting();
    if (request.length > limit) {
      exchange.fail(Answers.tooLarge(request.length, limit));
      exchange.reply().seal(0);
      exchange.done();
    } else {
      handler.handle(request, 0, request.length, exchange);
      handler.flush(true);
    }
    return exchange.await();
  }

  /** Asks for INFO. */
  public boolean info() {
    byte[] frame = new byte[Request.HEADER];
    frame[0] = 1;
    frame[1] = (byte) Op.INFO.code();
    return call(frame);
  }

  /** The JSON text of a reply frame's fields. */
  public static String fields(byte[] reply) {
    int length = 0;
    for (int i = 12; i < Reply.HEADER; i++) {
      length = (length << 8) | Byte.toUnsignedInt(reply[i]);
    }
    return new String(reply, Reply.HEADER, length, UTF_8);
  }

  private final class Waiting extends Exchange {
    private final Thread owner = Thread.currentThread();
    private volatile byte[] answered;
    private boolean sent;
    private boolean delivered;

    Waiting() {
      super(session);
    }

    @Override
    public void done() {
      byte[] bytes = reply().toBytes();
      if (Thread.currentThread() == owner) {
        deliver(bytes);
      } else {
        answered = bytes;
        LockSupport.unpark(owner);
      }
    }

    @Override
    public boolean delivered() {
      return delivered;
    }

    boolean await() {
      while (!sent) {
        if (answered != null) {
          deliver(answered);
        } else {
          LockSupport.park(this);
        }
      }
      return delivered;
    }

    private void deliver(byte[] bytes) {
      sent = true;
      delivered = sink.deliver(bytes);
    }
  }
}
