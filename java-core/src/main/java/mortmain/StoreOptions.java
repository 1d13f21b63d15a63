package mortmain;

import mortmain.model.Limits;

/**
 * How a store is opened.
 *
 * @param create whether an empty or missing directory becomes a new store
 * @param allowNetworkFileSystem whether to trust a file system whose force and locks are not known to hold
 */
public record StoreOptions(boolean create, boolean allowNetworkFileSystem, Limits limits) {
  public static final StoreOptions DEFAULT = new StoreOptions(true, false, Limits.DEFAULT);
}
