package mortmain.file;

import java.util.Map;
import mortmain.fence.KeyState;
import mortmain.model.Key;
import mortmain.model.Snapshot;
import mortmain.model.Value;

/** Makes snapshots of versions. */
final class Snapshots {
  private Snapshots() {}

  /** {@code version} null: the key never had one. */
  static Snapshot of(KeyState state, Version version, Value value, boolean partial) {
    return of(state.key(), version, state.version(), state.epoch(), value, partial);
  }

  /** {@code floor}: the version number of a key without a version. */
  static Snapshot of(Key key, Version version, long floor, long epoch, Value value, boolean partial) {
    if (version == null) {
      return new Snapshot(key, false, null, null, floor, 0, epoch, 0, null, 0, Map.of(), false);
    }
    return new Snapshot(
        key,
        version.content != null,
        value,
        version.contentType,
        version.version,
        version.tag,
        epoch,
        version.revision,
        version.writer,
        version.committedAt,
        version.meta,
        partial);
  }
}
