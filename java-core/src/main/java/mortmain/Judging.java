package mortmain;

import java.util.HashMap;
import java.util.Map;

/** The requests that are being judged or wait for a claim. Thread-safe. */
final class Judging {
  private final Map<String, Integer> copies = new HashMap<>();
  private int waiting;

  synchronized void enter(String requestId) {
    copies.merge(requestId, 1, Integer::sum);
  }

  synchronized void leave(String requestId) {
    copies.computeIfPresent(requestId, (id, count) -> count == 1 ? null : count - 1);
    if (waiting > 0) {
      notifyAll();
    }
  }

  /** Until no copy of the request is being judged; an interrupt does not end the wait and is kept. */
  synchronized void await(String requestId) {
    boolean interrupted = false;
    waiting++;
    while (copies.containsKey(requestId)) {
      try {
        wait();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    waiting--;
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
