package mortmain.file;

import mortmain.fence.KeyState;
import mortmain.fence.KeyState.Reclamation;
import mortmain.model.Claim;
import mortmain.model.Key;

/** Everything that memory holds of one key. Guarded by the engine's lock. */
final class KeyRecord {
  final Key key;
  final PathLevel parent;

  /** The version below the first one of this record. */
  final long floor;

  /** Its own count of reclamations. */
  long own;

  Version newest;
  Claim claim;
  String released;
  Reclamation reclaimed;

  /** The revision of the last event about this key. */
  long touched;

  /** Ids of items in the list, with the hash of the item; null when there are none. */
  ItemIds ids;

  KeyRecord(Key key, PathLevel parent, long floor, long own) {
    this.key = key;
    this.parent = parent;
    this.floor = floor;
    this.own = own;
  }

  boolean exists() {
    return newest != null && newest.content != null;
  }

  long version() {
    return newest == null ? floor : newest.version;
  }

  long epoch() {
    return own + parent.epoch();
  }

  Reclamation newestReclamation() {
    Reclamation above = parent.newestReclamation();
    return reclaimed == null || (above != null && above.revision() > reclaimed.revision()) ? above : reclaimed;
  }

  /** The revision that must be durable before an answer about this key leaves. */
  long judgedOn() {
    Reclamation last = newestReclamation();
    return Math.max(touched, last == null ? 0 : last.revision());
  }

  KeyState state() {
    return new KeyState(
        key,
        exists(),
        version(),
        newest == null ? 0 : newest.tag,
        epoch(),
        claim,
        released,
        newestReclamation(),
        newest == null ? null : newest.ticketId,
        newest == null ? null : newest.writer,
        newest == null ? 0 : newest.revision);
  }
}
