package mortmain.gateway.frame;

/** Answers request frames. Safe for any number of threads. */
public interface Handler {
  /**
   * Handles one request; the bytes may be reused as soon as this returns. {@link Exchange#done()} is called exactly once, here or
   * later on another thread, for a commit not before a {@link #flush}. Never throws.
   */
  void handle(byte[] frame, int at, int length, Exchange exchange);

  /** Whether a request may take longer than others of its connection's thread can wait: it then gets a thread of its own. Never throws. */
  boolean isLong(byte[] frame, int at, int length);

  /**
   * Makes durable what was handled since the last call: on this thread, or on another if one waits for what comes next
   * and this one is not {@code free}. Never throws.
   */
  void flush(boolean free);

  /** The connection is gone: lets go of what it had. Never throws. */
  void closed(Session session);
}
