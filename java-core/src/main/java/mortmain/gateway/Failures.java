package mortmain.gateway;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import mortmain.model.ErrorCode;
import mortmain.model.MortmainException;
import mortmain.model.Rejection;

/** Turns whatever went wrong into the wire contract's terms. Stateless. */
final class Failures {
  private Failures() {}

  /** The rejection of an exception; what is not one of ours is UNAVAILABLE, reason start-failed. */
  static Rejection rejection(Throwable cause, String doing) {
    if (cause instanceof MortmainException known) {
      return known.rejection();
    }
    return Rejection.of(ErrorCode.UNAVAILABLE, doing + ": " + cause, Map.of("reason", "start-failed"));
  }

  /** Code, message, retry and the details of the first failure. */
  static Map<String, Object> describe(Rejection rejection) {
    Map<String, Object> told = new LinkedHashMap<>();
    told.put("code", rejection.code().name());
    told.put("message", rejection.message());
    told.put("retry", rejection.retry().name().toLowerCase(Locale.ROOT));
    told.putAll(rejection.failures().get(0).details());
    return told;
  }

  static boolean isLocked(Rejection rejection) {
    return rejection.code() == ErrorCode.UNAVAILABLE && "locked".equals(rejection.failures().get(0).details().get("reason"));
  }
}
