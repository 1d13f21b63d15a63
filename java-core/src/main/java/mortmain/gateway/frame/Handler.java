package mortmain.gateway.frame;

/** Answers request frames. Safe for any number of threads. */
public interface Handler {
  /**
   * Handles one request; the bytes may be reused as soon as this returns. {@link Exchange#done()} is called exactly once, here or
   * later on another thread. Never throws.
   */
  void handle(byte[] frame, int at, int length, Exchange exchange);

  /** The connection is gone: lets go of what it had. Never throws. */
  void closed(Session session);
}
