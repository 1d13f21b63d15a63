package mortmain.fence;

import mortmain.model.Claim;
import mortmain.model.Key;

/**
 * What the rules see of one key; a key without a record has the version and epoch that it would start above.
 *
 * @param epoch its own count of reclamations and those of its ancestors
 * @param claim the live claim, or null
 * @param released the id of the claim that was released last, or null
 * @param reclaimed the newest reclamation of the key or of a prefix above it, or null
 * @param ticketId the ticket that its last commit followed, or null
 */
public record KeyState(
    Key key,
    boolean exists,
    long version,
    long tag,
    long epoch,
    Claim claim,
    String released,
    Reclamation reclaimed,
    String ticketId,
    String writer,
    long revision) {

  /** Who took ownership away, when (microseconds since 1970) and why; {@code claimId} null when no claim was live. */
  public record Reclamation(long revision, long at, String by, String reason, String claimId) {}
}
