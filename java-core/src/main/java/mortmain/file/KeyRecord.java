package mortmain.file;

import java.util.Map;
import mortmain.fence.KeyState;
import mortmain.fence.KeyState.Reclamation;
import mortmain.model.Change;
import mortmain.model.Claim;
import mortmain.model.Item;
import mortmain.model.Key;
import mortmain.model.Value;
import mortmain.value.Canonical;
import mortmain.value.Json;

/** Everything that memory holds of one key, and what a change makes of it. Guarded by the engine's lock. */
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

  /** The value that a change leaves, null of a delete. {@code piece}: the bytes that it brings, or null. */
  Content content(Change change, Piece piece) {
    if (change.content() instanceof Change.Appended appended) {
      return longer(change, piece, appended.before(), appended.items().size());
    } else if (change.content() instanceof Change.Hollow hollow) {
      return longer(change, new Piece(hollow.length(), 0, 0), hollow.before(), hollow.items());
    }
    return piece == null ? null : Content.whole(piece, change.version());
  }

  /** Compaction drops no part of a list that is there: what it dropped in front of one was something else. */
  private Content longer(Change change, Piece piece, long before, int items) {
    if (follows(change)) {
      return newest.content.plus(piece, before, items);
    }
    ids = null;
    return Content.list(piece, items, change.version());
  }

  private boolean follows(Change change) {
    return exists() && newest.version == change.version() - 1;
  }

  /** The content type of a list that a change adds to, null if it adds to none. */
  String listType(Change change) {
    if (isPartOfList(change.content())) {
      return follows(change) ? newest.contentType : Value.JSON;
    }
    return null;
  }

  private static boolean isPartOfList(Change.Content content) {
    return content instanceof Change.Appended || content instanceof Change.Hollow;
  }

  static Json.Shape shape(Change.Content content) {
    if (content instanceof Change.Whole whole) {
      return whole.value().isJson() ? Json.shape(whole.value().bytes()) : null;
    }
    return isPartOfList(content) ? Json.Shape.LIST : null;
  }

  /** Keeps the ids of the items that are in the list. */
  void remember(Change.Content content) {
    if (content instanceof Change.Appended appended) {
      for (Item item : appended.items()) {
        if (item.id() != null) {
          ids = ItemIds.plus(ids, item.id(), Canonical.hash(item.json()));
        }
      }
    } else if (content instanceof Change.Hollow hollow) {
      hollow.ids().forEach((id, hash) -> ids = ItemIds.plus(ids, id, hash));
    } else {
      Map<String, Long> all = content instanceof Change.Whole whole ? whole.ids() : Map.of();
      ids = all.isEmpty() ? null : ItemIds.of(all);
    }
  }
}
