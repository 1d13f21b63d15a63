package mortmain.engine;

import java.nio.file.Path;
import java.util.Map;
import mortmain.model.Limits;

/** Opens engines of one URL scheme; found by {@link java.util.ServiceLoader}. */
public interface EngineProvider {
  /** The scheme of the URLs it opens. */
  String scheme();

  /**
   * Opens a store; {@code MortmainException} UNAVAILABLE or CORRUPT if it cannot.
   *
   * @param create whether an empty directory becomes a new store
   * @param allowNetworkFileSystem whether to trust a file system whose force and locks are not known to hold
   */
  Engine open(Path directory, boolean create, boolean allowNetworkFileSystem, Limits limits);

  /** Checks a store, or a backup: what {@link Engine#verify} says, without a running engine; {@code progress} hears of bytes read and bytes in all. */
  Map<String, Object> verify(Path directory, Engine.Progress progress);

  /**
   * Makes a new store of a backup: checks the backup first, then copies it into an empty or missing directory, under a new store id and without
   * claims. INVALID when the directory is not empty or the backup is none, CORRUPT when it is damaged; nothing was written in both cases.
   */
  Map<String, Object> restore(Path backup, Path directory, Engine.Progress progress);

  /** Cuts a damaged store at a revision; what is cut off is kept aside. */
  Map<String, Object> repair(Path directory, long truncateAtRevision);
}
