package mortmain.engine;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import mortmain.fence.KeyState;
import mortmain.fence.KeyState.Reclamation;
import mortmain.model.Change;
import mortmain.model.Claim;
import mortmain.model.Event;
import mortmain.model.Key;
import mortmain.model.Value;

/** One whole state of a store in plain maps. {@link #copy} is a state of its own. Used by one thread. */
final class MemoryState {
  /** What is known of one key; {@code value} null: it does not exist. */
  static final class OfKey {
    Value value;
    long version;
    long tag;
    String ticketId;
    String writer;
    long committedAt;
    long revision;
    Map<String, String> meta = Map.of();
    Map<String, Long> ids = Map.of();
    boolean written;
    long own;
    Claim claim;
    String released;
    Reclamation reclaimed;
    long touched;

    OfKey copy() {
      OfKey copy = new OfKey();
      copy.value = value;
      copy.version = version;
      copy.tag = tag;
      copy.ticketId = ticketId;
      copy.writer = writer;
      copy.committedAt = committedAt;
      copy.revision = revision;
      copy.meta = meta;
      copy.ids = ids;
      copy.written = written;
      copy.own = own;
      copy.claim = claim;
      copy.released = released;
      copy.reclaimed = reclaimed;
      copy.touched = touched;
      return copy;
    }
  }

  final String storeId;
  long revision;
  long at;
  final TreeMap<Key, OfKey> keys = new TreeMap<>();
  final Map<String, Long> newestWrites = new TreeMap<>();
  final Map<String, Long> counts = new TreeMap<>();
  final Map<String, Reclamation> reclaimed = new TreeMap<>();
  long forgottenUpTo;
  long forgottenVersion;
  long forgottenEpoch;

  MemoryState(String storeId) {
    this.storeId = storeId;
  }

  MemoryState copy() {
    MemoryState copy = new MemoryState(storeId);
    copy.revision = revision;
    copy.at = at;
    keys.forEach((key, of) -> copy.keys.put(key, of.copy()));
    copy.newestWrites.putAll(newestWrites);
    copy.counts.putAll(counts);
    copy.reclaimed.putAll(reclaimed);
    copy.forgottenUpTo = forgottenUpTo;
    copy.forgottenVersion = forgottenVersion;
    copy.forgottenEpoch = forgottenEpoch;
    return copy;
  }

  /** The prefixes that a key lies below, the empty one first. */
  static List<String> prefixes(Key key) {
    List<String> prefixes = new ArrayList<>(List.of(""));
    String text = key.toString();
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) == '/') {
        prefixes.add(text.substring(0, i + 1));
      }
    }
    return prefixes;
  }

  long epoch(Key key) {
    OfKey of = keys.get(key);
    long epoch = of == null ? forgottenEpoch : of.own;
    for (String prefix : prefixes(key)) {
      epoch += counts.getOrDefault(prefix, 0L);
    }
    return epoch;
  }

  Reclamation reclamation(Key key) {
    OfKey of = keys.get(key);
    Reclamation newest = of == null ? null : of.reclaimed;
    for (String prefix : prefixes(key)) {
      Reclamation above = reclaimed.get(prefix);
      if (above != null && (newest == null || above.revision() > newest.revision())) {
        newest = above;
      }
    }
    return newest;
  }

  KeyState state(Key key) {
    OfKey of = keys.get(key);
    if (of == null) {
      return new KeyState(key, false, forgottenVersion, 0, epoch(key), null, null, reclamation(key), null, null, 0);
    }
    return new KeyState(
        key, of.value != null, of.version, of.tag, epoch(key), of.claim, of.released, reclamation(key), of.ticketId, of.writer, of.revision);
  }

  private OfKey touch(Key key, long revisionNow) {
    OfKey of = keys.get(key);
    if (of == null) {
      of = new OfKey();
      of.version = forgottenVersion;
      of.own = forgottenEpoch;
      keys.put(key, of);
    }
    of.touched = Math.max(of.touched, revisionNow);
    return of;
  }

  void apply(Event event, long claimNanos) {
    revision = Math.max(revision, event.revision());
    at = Math.max(at, event.at());
    if (event instanceof Event.Committed committed) {
      committed.changes().forEach(change -> write(committed, change));
    } else if (event instanceof Event.ClaimGranted granted) {
      touch(granted.key(), granted.revision()).claim =
          new Claim(
              granted.claimId(), granted.holder(), granted.epoch(), granted.ttlMillis(), claimNanos + granted.ttlMillis() * 1_000_000, granted.at(), false);
    } else if (event instanceof Event.ClaimRenewed renewed) {
      OfKey of = touch(renewed.key(), renewed.revision());
      of.claim = of.claim.until(claimNanos + of.claim.ttlMillis() * 1_000_000);
    } else if (event instanceof Event.ClaimReleased released) {
      OfKey of = touch(released.key(), released.revision());
      of.released = released.claimId();
      of.claim = null;
    } else if (event instanceof Event.Reclaimed taking) {
      reclaim(taking);
    } else if (event instanceof Event.Forgotten forgotten) {
      forget(forgotten);
    } else if (event instanceof Event.Opened) {
      inherit(claimNanos);
    }
  }

  private void write(Event.Committed event, Change change) {
    if (change.content() instanceof Change.Kept) {
      return;
    }
    OfKey of = touch(change.key(), event.revision());
    Change.Whole whole = change.content() instanceof Change.Whole put ? put : null;
    of.value = whole == null ? null : whole.value();
    of.ids = whole == null ? Map.of() : new LinkedHashMap<>(whole.ids());
    of.version = change.version();
    of.tag = change.tag();
    of.ticketId = change.ticketId();
    of.writer = event.writer();
    of.committedAt = event.at();
    of.revision = event.revision();
    of.meta = event.meta();
    of.written = true;
    prefixes(change.key()).forEach(prefix -> newestWrites.put(prefix, event.revision()));
  }

  private void reclaim(Event.Reclaimed event) {
    if (event.prefix() != null) {
      counts.merge(event.prefix(), 1L, Long::sum);
      reclaimed.put(event.prefix(), new Reclamation(event.revision(), event.at(), event.by(), event.reason(), null));
    }
    for (Event.Taken taken : event.keys()) {
      OfKey of = touch(taken.key(), event.revision());
      of.own += event.prefix() == null ? 1 : 0;
      of.reclaimed = new Reclamation(event.revision(), event.at(), event.by(), event.reason(), taken.claimId());
      of.claim = null;
    }
  }

  private void inherit(long claimNanos) {
    for (OfKey of : keys.values()) {
      if (of.claim != null) {
        Claim old = of.claim;
        of.claim =
            new Claim(old.claimId(), old.holder(), old.epoch(), old.ttlMillis(), claimNanos + old.ttlMillis() * 1_000_000, old.since(), true);
      }
    }
  }

  /** The tombstones that nothing younger than a revision refers to. */
  List<Key> forgettable(long upTo) {
    List<Key> gone = new ArrayList<>();
    keys.forEach((key, of) -> {
      Reclamation last = reclamation(key);
      if (of.value == null && of.claim == null && of.touched <= upTo && (last == null || last.revision() <= upTo)) {
        gone.add(key);
      }
    });
    return gone;
  }

  private void forget(Event.Forgotten event) {
    forgettable(event.upTo()).forEach(keys::remove);
    forgottenUpTo = Math.max(forgottenUpTo, event.upTo());
    forgottenVersion = Math.max(forgottenVersion, event.version());
    forgottenEpoch = Math.max(forgottenEpoch, event.epoch());
  }
}
