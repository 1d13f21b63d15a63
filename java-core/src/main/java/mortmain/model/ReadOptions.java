package mortmain.model;

/**
 * How to read.
 *
 * @param at the revision to read at, or -1 for the newest
 * @param last only the last n items of a list, or -1
 * @param values whether to return values
 * @param inFlight whether versions whose force is in flight may be given (only to whom holds a turn)
 */
public record ReadOptions(long at, int last, boolean values, boolean inFlight) {
  public static final ReadOptions NEWEST = new ReadOptions(-1, -1, true, false);
}
