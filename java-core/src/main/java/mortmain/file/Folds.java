package mortmain.file;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import mortmain.fence.Folded;
import mortmain.model.Change;
import mortmain.model.Event;
import mortmain.model.Item;
import mortmain.model.Key;
import mortmain.model.Value;
import mortmain.model.Write;
import mortmain.value.Canonical;
import mortmain.value.Json;
import mortmain.value.Lists;
import mortmain.value.MergePatch;

/** Evaluates the writes of one key on its current value. Guarded by the engine's lock. */
final class Folds {
  /** Sets whose members are remembered by hash, so that adding the n-th does not read the n-1 before it. */
  private static final int SETS = 64;

  private final Index index;
  private final Values values;
  private final Settings settings;
  private final Map<Version, Set<Long>> members =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Version, Set<Long>> eldest) {
          return size() > SETS;
        }
      };

  /** By the very change that was proposed: one that never became an event teaches nothing. */
  private final IdentityHashMap<Change.Content, Learned> learned = new IdentityHashMap<>();

  private record Learned(KeyRecord record, Set<Long> hashes, long hash) {}

  Folds(Index index, Values values, Settings settings) {
    this.index = index;
    this.values = values;
    this.settings = settings;
  }

  Folded fold(Key key, List<Write.OnKey> writes) {
    KeyRecord record = index.find(key);
    Version now = record == null ? null : record.newest;
    boolean exists = record != null && record.exists();
    Write.OnKey first = writes.get(0);
    if (writes.size() == 1 && !(first instanceof Write.Delta)) {
      return whole(record, exists, first);
    }
    if (writes.size() == 1 && first instanceof Write.Append append) {
      return append(record, now, exists, append);
    }
    if (writes.size() == 1 && first instanceof Write.AddToSet add && exists && isList(now)) {
      return add(record, now, add);
    }
    return Fold.all(record, exists ? new Value(now.contentType, values.load(now.content)) : null, writes, settings.limits().value());
  }

  Optional<String> changedField(Key key, byte[] fields, List<Write.OnKey> writes) {
    KeyRecord record = index.find(key);
    byte[] current = record != null && record.exists() && record.newest.shape == Json.Shape.OBJECT ? values.load(record.newest.content) : null;
    for (Write.OnKey write : writes) {
      if (write instanceof Write.Merge merge) {
        Optional<String> changed = MergePatch.firstChanged(current, fields, merge.patch().bytes());
        if (changed.isPresent()) {
          return changed;
        }
      }
    }
    return Optional.empty();
  }

  private static Folded whole(KeyRecord record, boolean exists, Write.OnKey write) {
    if (write instanceof Write.Put put) {
      return new Folded.To(new Change.Whole(put.value(), Fold.keptIds(Fold.ids(record), put.value())), null, false);
    } else if (write instanceof Write.Ensure ensure) {
      return new Folded.To(exists ? null : new Change.Whole(ensure.value(), Map.of()), null, false);
    }
    return new Folded.To(exists ? new Change.Deleted() : null, null, false);
  }

  private Folded append(KeyRecord record, Version now, boolean exists, Write.Append append) {
    if (exists && !isList(now)) {
      return new Folded.WrongType(Json.Shape.LIST.words(), Fold.words(now.contentType, now.shape));
    }
    long before = exists ? count(now) : 0;
    List<Item> fresh = Fold.fresh(Fold.ids(record), append.items());
    if (fresh.isEmpty()) {
      return new Folded.To(null, Long.toString(before), true);
    }
    long size = (exists ? now.content.bytes() : 2) + fresh.size() - (before == 0 ? 1 : 0);
    for (Item item : fresh) {
      size += item.json().length;
    }
    long limit = settings.limits().value();
    if (size > limit) {
      return new Folded.TooLarge(size, limit);
    }
    return new Folded.To(new Change.Appended(fresh, before, exists ? now.contentType : Value.JSON), Long.toString(before + fresh.size()), true);
  }

  private long count(Version version) {
    return version.content.items() >= 0 ? version.content.items() : Lists.count(values.load(version.content));
  }

  /** A hash that is there already is looked up in the value: two members may share one. */
  private Folded add(KeyRecord record, Version now, Write.AddToSet add) {
    Set<Long> hashes = members.remove(now);
    if (hashes == null) {
      hashes = new HashSet<>();
      for (byte[] item : Lists.items(values.load(now.content))) {
        hashes.add(Canonical.hash(item));
      }
    }
    long hash = Canonical.hash(add.member().json());
    boolean there =
        hashes.contains(hash)
            && Lists.items(values.load(now.content)).stream().anyMatch(item -> Canonical.equal(item, add.member().json()));
    if (there) {
      members.put(now, hashes);
      return new Folded.To(null, "false", true);
    }
    Folded added = append(record, now, true, new Write.Append(add.key(), List.of(new Item(add.member().json(), null))));
    if (added instanceof Folded.To to) {
      if (learned.size() > SETS) {
        learned.clear();
      }
      learned.put(to.content(), new Learned(record, hashes, hash));
      return new Folded.To(to.content(), "true", true);
    }
    return added;
  }

  /** The decision became an event: what was learned about a set belongs to its new version now. */
  void applied(Event.Committed event) {
    for (Change change : event.changes()) {
      Learned about = learned.get(change.content());
      if (about != null) {
        about.hashes().add(about.hash());
        members.put(about.record().newest, about.hashes());
      }
    }
    learned.clear();
  }

  private static boolean isList(Version version) {
    return version.shape == Json.Shape.LIST && Value.isJson(version.contentType);
  }

  List<Piece> pieces(List<Change> changes) {
    List<Piece> pieces = new ArrayList<>(changes.size());
    for (Change change : changes) {
      Piece piece = ChangeCodec.piece(change.content());
      if (piece != null) {
        pieces.add(piece);
      }
    }
    return pieces;
  }
}
