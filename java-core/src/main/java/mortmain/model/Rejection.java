package mortmain.model;

import java.util.List;
import java.util.Map;

/**
 * Why nothing changed: every failure, the first of which names the exception.
 *
 * @param current what a conflicting writer finds, or null; its value is null when it is above 64 KiB
 */
public record Rejection(List<Failure> failures, ErrorCode.Retry retry, Snapshot current) {

  public static Rejection of(Failure failure) {
    return new Rejection(List.of(failure), failure.code().retry(), null);
  }

  public static Rejection of(ErrorCode code, String sentence, Map<String, Object> details) {
    return of(new Failure(code, null, details, sentence));
  }

  public static Rejection invalid(String field, String reason) {
    return of(ErrorCode.INVALID, field + ": " + reason, Map.of("field", field, "reason", reason));
  }

  public ErrorCode code() {
    return failures.get(0).code();
  }

  public String message() {
    return failures.get(0).sentence();
  }

  public MortmainException exception() {
    return new MortmainException(this);
  }
}
