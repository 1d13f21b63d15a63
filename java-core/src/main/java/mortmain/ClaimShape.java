package mortmain;

import java.util.Map;
import mortmain.fence.CommitShape;
import mortmain.fence.Verdict;
import mortmain.model.ClaimRequest;
import mortmain.model.ErrorCode;
import mortmain.model.Failure;
import mortmain.model.Key;
import mortmain.model.ReclaimRequest;
import mortmain.model.Rejection;

/** What no state can make right about claims and reclamations. */
final class ClaimShape {
  private static final int NAME = 256;
  private static final int REASON = 1024;
  private static final long SHORTEST_TTL_MILLIS = 100;
  private static final long LONGEST_TTL_MILLIS = 30L * 24 * 3600 * 1000;

  private ClaimShape() {}

  /** Null if well formed. */
  static Rejection problem(ClaimRequest request) {
    if (request.ttlMillis() < SHORTEST_TTL_MILLIS || request.ttlMillis() > LONGEST_TTL_MILLIS) {
      return Rejection.invalid("ttl", "between 0.1 s and 30 days, not " + request.ttlMillis() / 1000.0 + " s");
    }
    if (!isClaimId(request.claimId())) {
      return Rejection.invalid("claim_id", "32 hex digits");
    }
    return request.holder().isEmpty() || request.holder().length() > NAME ? Rejection.invalid("holder", "1 to " + NAME + " characters") : null;
  }

  private static boolean isClaimId(String id) {
    boolean hex = id.length() == 32;
    for (int i = 0; hex && i < id.length(); i++) {
      hex = Character.digit(id.charAt(i), 16) >= 0;
    }
    return hex;
  }

  /** Null if well formed. */
  static Rejection problem(ReclaimRequest request) {
    int given = (request.key() == null ? 0 : 1) + (request.prefix() == null ? 0 : 1) + (request.holder() == null ? 0 : 1);
    if (given != 1) {
      return Rejection.invalid("key", "exactly one of key, prefix and holder");
    }
    if (request.prefix() != null) {
      Key.checkedPrefix(request.prefix());
    }
    if (request.writer().isEmpty() || request.writer().length() > NAME) {
      return Rejection.invalid("writer", "1 to " + NAME + " characters");
    }
    if (request.reason() != null && request.reason().length() > REASON) {
      return Rejection.invalid("reason", "at most " + REASON + " characters");
    }
    return CommitShape.requestId(request.call().requestId());
  }

  /** The claim is free, but somebody waits for it. */
  static <T> Verdict<T> queued(Key key, String holder) {
    String sentence = key + " is about to be claimed by " + holder + ", who waits for it: wait and try again";
    Failure failure = new Failure(ErrorCode.CLAIM_HELD, key, Map.of("holder", holder, "retry_after", 0.05), sentence);
    return new Verdict.Rejected<>(Rejection.of(failure), true);
  }
}
