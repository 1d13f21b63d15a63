package mortmain.gateway.frame;

import mortmain.model.MortmainException;

/**
 * Where the reply to one request is made and sent. The operation writes into {@link #reply()} and then calls {@link #done()}, once,
 * on whatever thread has the answer; between a request and {@code done} nobody else touches the reply.
 */
public abstract class Exchange {
  private final Reply reply = new Reply();
  private final Session session;

  protected Exchange(Session session) {
    this.session = session;
  }

  /** What the connection has kept from its earlier requests. */
  public Session session() {
    return session;
  }

  public Reply reply() {
    return reply;
  }

  /** Sends the reply. Never throws: a connection that is gone closes itself. */
  public abstract void done();

  /** Whether the last reply went out; meaningful after {@link #done()} on the thread that called it. */
  public abstract boolean delivered();

  /** Whether the client is still there, as far as can be seen without waiting; asked before a grant that was waited for is sent. */
  public boolean peerPresent() {
    return true;
  }

  final void fail(MortmainException rejection) {
    Answers.error(reply, rejection);
  }
}
