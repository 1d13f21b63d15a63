package mortmain.gateway.frame;

import java.util.HashSet;
import java.util.Set;

/** What a connection leaves behind when it closes: its turns. Safe for several threads. */
public final class Session {
  private final Set<Long> turns = new HashSet<>(4);
  private volatile boolean refused;
  private volatile boolean awaitingEnd;

  synchronized void took(long turn) {
    turns.add(turn);
  }

  synchronized void ended(long turn) {
    turns.remove(turn);
  }

  synchronized long[] drain() {
    long[] open = new long[turns.size()];
    int i = 0;
    for (long turn : turns) {
      open[i++] = turn;
    }
    turns.clear();
    return open;
  }

  /** Marks a connection above the limit: every request is answered with {@code too-many-connections}. */
  public void refuse() {
    refused = true;
  }

  /** Marks a connection that has asked the gateway to stop: it stays open until the store is closed. */
  void awaitEnd() {
    awaitingEnd = true;
  }

  /** Whether the client takes the end of this connection for the end of the gateway. */
  public boolean isAwaitingEnd() {
    return awaitingEnd;
  }

  /** Whether the connection is above the limit. */
  public boolean isRefused() {
    return refused;
  }
}
