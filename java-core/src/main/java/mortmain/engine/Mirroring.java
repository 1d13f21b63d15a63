package mortmain.engine;

import java.util.List;
import java.util.Map;
import mortmain.model.ErrorCode;
import mortmain.model.Key;
import mortmain.model.Mount;
import mortmain.model.Receipt;
import mortmain.model.Rejection;
import mortmain.model.Value;

/**
 * The plain files that an engine keeps equal to keys. Thread-safe. All but {@link #any} may touch the disk and wait for it. Failures are {@code
 * MortmainException}s.
 */
public interface Mirroring {
  /** An engine without files. */
  Mirroring NONE = new Mirroring() {};

  /** Whether anything is mounted: costs nothing. */
  default boolean any() {
    return false;
  }

  /**
   * Looks at the files of these keys. Whether they were edited by somebody else is judged by later decisions; returned are those whose edit is
   * to be adopted first.
   */
  default List<Key> look(List<Key> keys) {
    return List.of();
  }

  /** Throws FOREIGN_EDIT when the last look found one of the keys edited. */
  default void require(List<Key> keys) {}

  /** Writes what the receipt acknowledges; whether all of its files show it, or null when no key of it is mounted. */
  default Boolean mirrored(Receipt receipt) {
    return null;
  }

  /** What somebody else wrote into a file, as the value of its key. */
  interface Edit {
    Key key();

    Value value();
  }

  /** The edit of a mounted key; null when there is none. INVALID when it cannot be a value of the key. */
  default Edit edit(Key key) {
    throw unsupported();
  }

  /** The edits are the versions of this revision now. */
  default void adopted(List<Edit> edits, long revision) {
    throw unsupported();
  }

  /** Mounts, or changes the settings of a mount, durably, and writes every file. INVALID when it may not be. */
  default void mount(Mount mount, String by) {
    throw unsupported();
  }

  /** The files stay as they are. Says whether there was such a mount. */
  default boolean unmount(String prefix, String by) {
    throw unsupported();
  }

  /** Keys below a mounted prefix whose files were written by somebody else, as far as their names are keys. */
  default List<Key> strangers(String prefix) {
    return List.of();
  }

  /** Each mount, as plain scalars, lists and maps. */
  default List<Map<String, Object>> describe() {
    return List.of();
  }

  private static RuntimeException unsupported() {
    return Rejection.of(ErrorCode.UNSUPPORTED, "this engine keeps no files", Map.of("operation", "mount")).exception();
  }
}
