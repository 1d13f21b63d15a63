package mortmain.model;

/**
 * Who asks, once: the identity of a request.
 *
 * @param requestId 1 to 128 bytes of text, or null for calls that change nothing durable
 * @param attempt the try of an {@code update} or {@code transact}, from 0
 * @param since the durable revision that the client knew when it made the id
 * @param deadline nanoseconds on the engine's clock; {@link Long#MAX_VALUE} is none
 */
public record Call(String requestId, int attempt, long since, long deadline) {
  public static Call of(String requestId) {
    return new Call(requestId, 0, Long.MAX_VALUE, Long.MAX_VALUE);
  }
}
