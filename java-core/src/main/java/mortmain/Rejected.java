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

  /** {@code fingerprint}: of the content that was rejected, 0 where the id is not bound to one. */
  private record Answer(Rejection rejection, long fingerprint) {}

  private final Map<Attempt, Answer> whole =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Attempt, Answer> eldest) {
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

  /** What this attempt is told if it was rejected before, or null. Its old answer would be about another content if this one differs. */
  synchronized Rejection of(Call call, long fingerprint) {
    Attempt attempt = new Attempt(call.requestId(), call.attempt());
    Answer answer = whole.get(attempt);
    if (answer == null) {
      return known.containsKey(hash(attempt)) ? reused(call, "was rejected before") : null;
    }
    boolean other = fingerprint != 0 && answer.fingerprint() != 0 && fingerprint != answer.fingerprint();
    return other ? reused(call, "was rejected before with other content") : answer.rejection();
  }

  private static Rejection reused(Call call, String why) {
    return Rejection.of(
        ErrorCode.REQUEST_ID_REUSED,
        "request " + call.requestId() + " " + why + " and never commits: use a new id",
        Map.of("request_id", call.requestId(), "reason", "rejected"));
  }

  synchronized void add(Call call, long fingerprint, Rejection rejection) {
    whole.put(new Attempt(call.requestId(), call.attempt()), new Answer(withoutValue(rejection), fingerprint));
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
