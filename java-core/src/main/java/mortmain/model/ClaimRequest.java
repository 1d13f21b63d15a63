package mortmain.model;

/**
 * Asks for a claim.
 *
 * @param claimId 32 hex digits, made by the client: asking again with the same one is the same claim
 * @param ttlMillis at least 100
 * @param waitNanos how long to queue; 0 is not at all
 */
public record ClaimRequest(Key key, String claimId, String holder, long ttlMillis, long waitNanos, String storeId, long deadline) {}
