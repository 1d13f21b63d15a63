package mortmain.journal;

import java.util.Map;

/**
 * What an engine knows already when it opens a journal: everything up to a revision, with places in these segments. Immutable.
 *
 * @param revision the last one that it knows
 * @param segments the salt of each segment that there was then, by number
 */
public record Start(long revision, Map<Integer, Long> segments) {
  /** Nothing is known: every record is replayed. */
  public static final Start NOTHING = new Start(0, Map.of());

  /** The state is not known after all, only that there was such a revision. */
  public Start unknown() {
    return new Start(revision, Map.of());
  }

  /** What the engine knew is of other segments than there are: it must begin again with {@link #NOTHING}. Nothing was changed. */
  public static final class Stale extends java.io.IOException {
    Stale(String reason) {
      super(reason);
    }
  }
}
