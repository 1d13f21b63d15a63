package mortmain.journal;

import java.util.TreeMap;

/**
 * Keeps the files of segments where they are while somebody reads or copies them. A hold is taken before the list of segments, or a place in
 * one, is read; whoever takes a segment off the list removes its file only when no hold from before that is left. Thread-safe.
 */
final class Holds {
  private final TreeMap<Long, Integer> taken = new TreeMap<>();
  private long era;

  /** One hold; it ends when it is closed. */
  final class Hold implements Journal.Hold {
    private final long since;
    private boolean closed;

    private Hold(long since) {
      this.since = since;
    }

    @Override
    public void close() {
      synchronized (Holds.this) {
        if (!closed) {
          closed = true;
          taken.compute(since, (of, count) -> count == 1 ? null : count - 1);
        }
      }
    }
  }

  synchronized Hold take() {
    taken.merge(era, 1, Integer::sum);
    return new Hold(era);
  }

  /** Ends an era: {@link #areNoneOf} tells when the last hold that was taken in it, or before it, has ended. */
  synchronized long endEra() {
    return era++;
  }

  synchronized boolean areNoneOf(long ended) {
    return taken.isEmpty() || taken.firstKey() > ended;
  }
}
