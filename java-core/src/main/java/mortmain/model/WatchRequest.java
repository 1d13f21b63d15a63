package mortmain.model;

/**
 * What to watch.
 *
 * @param prefix checked; empty for everything
 * @param after events behind this revision; -1: only tells the newest revision
 * @param limit of events, but never a part of a commit
 * @param values whether to return values
 * @param waitNanos how long to wait for the first event
 * @param storeId the store that {@code after} is of, or null
 */
public record WatchRequest(String prefix, long after, int limit, boolean values, long waitNanos, String storeId) {}
