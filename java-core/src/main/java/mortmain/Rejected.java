package mortmain;

import java.util.LinkedHashMap;
import java.util.Map;
import mortmain.fence.Fingerprint;
import mortmain.model.Call;
import mortmain.model.ErrorCode;
import mortmain.model.Failure;
import mortmain.model.Rejection;

/**
 * A negative answer is final: the attempts that were rejected, for the life of the gateway. A second copy of one that is still in some
 * socket gets the same rejection and is not judged again. The newest keep their whole answer, older ones only the fact. Thread-safe.
 */
final class Rejected {
  private static final int WHOLE = 10_000;
  private static final int KNOWN = 500_000;

  private record Attempt(String requestId, int attempt) {}

  private final Map<Attempt, Rejection> whole =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Attempt, Rejection> eldest) {
          if (size() > WHOLE) {
            known.put(hash(eldest.getKey()), true);
            return true;
          }
          return false;
        }
      };
  private final Map<Long, Boolean> known =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, Boolean> eldest) {
          return size() > KNOWN;
        }
      };

  /** The rejection of this very attempt, or null. */
  synchronized Rejection of(Call call) {
    Attempt attempt = new Attempt(call.requestId(), call.attempt());
    Rejection rejection = whole.get(attempt);
    if (rejection == null && known.containsKey(hash(attempt))) {
      return Rejection.of(
          ErrorCode.REQUEST_ID_REUSED,
          "request " + call.requestId() + " was rejected before and never commits: use a new id",
          Map.of("request_id", call.requestId(), "reason", "rejected"));
    }
    return rejection;
  }

  synchronized void add(Call call, Rejection rejection) {
    whole.put(new Attempt(call.requestId(), call.attempt()), withoutValue(rejection));
  }

  /** Ten thousand values of 64 KiB would be too much to keep. */
  private static Rejection withoutValue(Rejection rejection) {
    if (rejection.current() == null || rejection.current().value() == null || rejection.current().value().bytes().length <= 1024) {
      return rejection;
    }
    Failure first = rejection.failures().get(0);
    return new Rejection(rejection.failures(), first.code().retry(), null);
  }

  private static long hash(Attempt attempt) {
    return Fingerprint.tag(attempt.requestId()) * 31 + attempt.attempt();
  }
}
