package mortmain.mirror;

import java.util.function.Supplier;
import mortmain.model.Value;

/**
 * A version of a key, as its file should show it.
 *
 * @param revision of the version; 0 of a key that never had one
 * @param value loads the value; null when the key has none
 */
public record Shown(long revision, Supplier<Value> value) {
  boolean exists() {
    return value != null;
  }
}
