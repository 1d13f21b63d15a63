package mortmain.fence;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import mortmain.Request;
import mortmain.model.ErrorCode;
import mortmain.model.Event;
import mortmain.model.Failure;
import mortmain.model.Guard;
import mortmain.model.Receipt;
import mortmain.model.Rejection;

/** Runs rules on a view and takes their verdicts apart. */
final class Judged {
  private Judged() {}

  static Verdict<Receipt> judge(View view, Request request) {
    return Fence.commit(view, request.commit(), 77);
  }

  static Receipt accepted(View view, Request request) {
    return accepted(judge(view, request));
  }

  static <T> T accepted(Verdict<T> verdict) {
    assertInstanceOf(Verdict.Accepted.class, verdict, verdict::toString);
    return ((Verdict.Accepted<T>) verdict).answer();
  }

  static List<Event> events(Verdict<?> verdict) {
    accepted(verdict);
    return ((Verdict.Accepted<?>) verdict).events();
  }

  static Rejection rejected(Verdict<?> verdict, ErrorCode... codes) {
    assertInstanceOf(Verdict.Rejected.class, verdict, verdict::toString);
    Rejection rejection = ((Verdict.Rejected<?>) verdict).rejection();
    assertEquals(List.of(codes), rejection.failures().stream().map(Failure::code).toList(), rejection::message);
    return rejection;
  }

  static Rejection rejected(View view, Request request, ErrorCode... codes) {
    return rejected(judge(view, request), codes);
  }

  static Verdict<Boolean> check(View view, Guard... guards) {
    return Fence.check(view, List.of(guards), null, 0);
  }

  static boolean canWait(Verdict<?> verdict) {
    return ((Verdict.Rejected<?>) verdict).canWait();
  }

  /** The first failure says this, and has these details. */
  static void says(Rejection rejection, Map<String, Object> details, String... words) {
    Failure first = rejection.failures().get(0);
    assertEquals(details, first.details());
    for (String word : words) {
      assertTrue(first.sentence().contains(word), () -> "\"" + word + "\" is missing in: " + first.sentence());
    }
  }
}
