package mortmain.gateway.frame;

/** How soon a client's next request came, lately: whether looking for it before sleeping is worth it. One thread. */
final class Pace {
  /** How long one look takes at most. Nanoseconds. */
  static final long LONGEST_LOOK = 200_000;

  /** A connection is alone when no other was served for so long. Nanoseconds. */
  static final long ALONE_AFTER = 2_000_000;

  private static final long WORTH = 200_000;
  /** Whether somebody may look without sleeping and the other side still works; the JVM knows a container's share of the machine. */
  static final boolean HAS_CORES = Runtime.getRuntime().availableProcessors() > 1;

  private long pause = Long.MAX_VALUE / 16;

  boolean isFast() {
    return pause < WORTH;
  }

  /** So many nanoseconds passed between a reply and the next request. */
  void waited(long nanos) {
    pause += (nanos - pause) / 8;
  }
}
