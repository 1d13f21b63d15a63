package mortmain.model;

/**
 * Which versions of a key to tell.
 *
 * @param before only versions below this one; 0 for all
 * @param limit of events
 * @param values whether to return values
 */
public record HistoryRequest(Key key, long before, int limit, boolean values) {}
