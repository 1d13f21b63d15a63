package mortmain.file;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** The first failure of the journal, told once to everybody who asked, also to those who ask late. Thread-safe. */
final class Failure {
  private final List<Consumer<Throwable>> actions = new ArrayList<>();
  private Throwable cause;

  synchronized void then(Consumer<Throwable> action) {
    if (cause != null) {
      action.accept(cause);
    } else {
      actions.add(action);
    }
  }

  synchronized void happened(Throwable failure) {
    if (cause == null) {
      cause = failure;
      actions.forEach(action -> action.accept(failure));
    }
  }
}
