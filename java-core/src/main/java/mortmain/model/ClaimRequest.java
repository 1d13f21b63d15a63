package mortmain.model;

/**
 * Asks for a claim.
 *
 * @param claimId 32 hex digits, made by the client: asking again with the same one is the same claim
 * @param ttlMillis at least 100
 * @param waitNanos how long to queue; 0 is not at all
 * @param since the durable revision that the client knew when it made the id; Long.MAX_VALUE: it is known to be new
 */
public record ClaimRequest(
    Key key, String claimId, String holder, long ttlMillis, long waitNanos, String storeId, long deadline, long since) {

  /** The same request once it has been judged: its id was new then, however long it waits. */
  public ClaimRequest waiting() {
    return new ClaimRequest(key, claimId, holder, ttlMillis, waitNanos, storeId, deadline, Long.MAX_VALUE);
  }
}
