package mortmain.fence;

import java.util.List;
import mortmain.model.Event;
import mortmain.model.Rejection;

/** The outcome of a rule. */
public sealed interface Verdict<T> {
  /** The events to make durable, all or none, before {@code answer} leaves. */
  record Accepted<T>(List<Event> events, T answer) implements Verdict<T> {}

  /** Nothing changes. {@code canWait}: the same request may be accepted once the claims in its way end. */
  record Rejected<T>(Rejection rejection, boolean canWait) implements Verdict<T> {}

  /** Nothing changes yet: a reducer has to run on the value that the key has now. */
  record Unready<T>() implements Verdict<T> {}

  static <T> Verdict<T> accept(T answer, Event... events) {
    return new Accepted<>(List.of(events), answer);
  }

  static <T> Verdict<T> reject(Rejection rejection) {
    return new Rejected<>(rejection, false);
  }
}
