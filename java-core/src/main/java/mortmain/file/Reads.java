package mortmain.file;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import mortmain.fence.KeyState;
import mortmain.model.ErrorCode;
import mortmain.model.Key;
import mortmain.model.ReadOptions;
import mortmain.model.Reading;
import mortmain.model.Rejection;
import mortmain.model.Snapshot;
import mortmain.model.Value;
import mortmain.value.Json;

/**
 * Reads in steps: versions are picked under the engine's lock; outside of it, what they were judged on becomes durable, and their values are
 * loaded. Thread-safe.
 */
final class Reads {
  /** Bytes of values in one page of a scan, unless the first value alone is bigger. */
  private static final long PAGE = 4 << 20;

  /** What was picked of one key; {@code version} null: it never had one at that revision. {@code past}: memory does not know any more. */
  private record Pick(Key key, Version version, long floor, long epoch, boolean past) {
    Pick(Key key, Version version, long floor, long epoch) {
      this(key, version, floor, epoch, false);
    }

    static Pick ofPast(Key key) {
      return new Pick(key, null, 0, 0, true);
    }
  }

  /** {@code judgedOn}: the revision that must be durable before the answer leaves. */
  private record Picked(List<Pick> picks, long judgedOn, long head, boolean more, long forgottenAt) {
    boolean hasPast() {
      return picks.stream().anyMatch(Pick::past);
    }
  }

  private final Decisions decisions;
  private final FileState state;
  private final Past past;

  Reads(Decisions decisions, Past past) {
    this.decisions = decisions;
    this.state = decisions.state();
    this.past = past;
  }

  Reading read(List<Key> keys, ReadOptions options) {
    return load(picked(options, () -> pick(keys, options)), options);
  }

  Reading scan(String prefix, Key after, int limit, ReadOptions options) {
    Picked picked = picked(options, () -> pickBelow(prefix, after, limit, options));
    if (picked.hasPast()) {
      return scanPast(behind -> picked(options, () -> pickBelow(prefix, behind, limit, options)), after, limit, options);
    }
    return load(picked, options);
  }

  /** What it was judged on is durable. */
  private Picked picked(ReadOptions options, Supplier<Picked> pick) {
    Picked picked = decisions.current(pick);
    if (!options.inFlight()) {
      decisions.await(picked.judgedOn());
    }
    return picked;
  }

  private Picked pick(List<Key> keys, ReadOptions options) {
    requireKnown(options);
    List<Pick> picks = new ArrayList<>(keys.size());
    long judgedOn = Math.max(0, options.at());
    for (Key key : keys) {
      KeyRecord record = state.index().find(key);
      if (options.at() < 0) {
        judgedOn = Math.max(judgedOn, state.index().judgedOn(key));
        KeyState now = state.index().state(key);
        picks.add(new Pick(key, record == null ? null : record.newest, now.version(), now.epoch()));
      } else {
        picks.add(at(key, record, options.at()));
      }
    }
    return new Picked(picks, judgedOn, state.index().revision(), false, state.index().forgotten().at());
  }

  /** How many bytes the newest values of these keys have together. */
  long bytes(List<Key> keys) {
    return decisions.locked(() -> {
      long bytes = 0;
      for (Key key : keys) {
        KeyRecord record = state.index().find(key);
        Version newest = record == null ? null : record.newest;
        bytes += newest == null || newest.content == null ? 0 : newest.content.bytes();
      }
      return bytes;
    });
  }

  private Picked pickBelow(String prefix, Key after, int limit, ReadOptions options) {
    requireKnown(options);
    long revision = options.at() < 0 ? state.index().revision() : options.at();
    if (revision < state.index().forgotten().upTo()) {
      throw Failed.compacted(state.index().forgotten().upTo());
    }
    List<Pick> picks = new ArrayList<>();
    long bytes = 0;
    for (KeyRecord record : state.index().below(prefix, after)) {
      Pick pick = at(record.key, record, revision);
      if (!pick.past()) {
        if (pick.version() == null || pick.version().content == null) {
          continue;
        }
        bytes += options.values() ? pick.version().content.bytes() : 0;
      }
      if (picks.size() == limit || (bytes > PAGE && !picks.isEmpty())) {
        return new Picked(picks, revision, revision, true, state.index().forgotten().at());
      }
      picks.add(pick);
    }
    return new Picked(picks, revision, revision, false, state.index().forgotten().at());
  }

  private void requireKnown(ReadOptions options) {
    if (options.at() > state.index().revision()) {
      throw Rejection.of(
              ErrorCode.STORE_CHANGED,
              "revision " + options.at() + " is not part of this store, which is at " + state.index().revision() + ": read again",
              Map.of("store_id", state.index().storeId(), "expected", state.index().storeId()))
          .exception();
    }
  }

  /** The state of a key as it was at a revision: version and epoch of then. */
  private Pick at(Key key, KeyRecord record, long revision) {
    int takings = state.index().recent().takingsSince(key, revision);
    Version version = record == null ? null : record.newest;
    KeyState now = state.index().state(key);
    long floor = record == null ? now.version() : record.floor;
    while (version != null && version.revision > revision) {
      if (version.isCut()) {
        return Pick.ofPast(key);
      }
      version = version.older();
    }
    if (takings < 0 || (version == null && revision < state.index().forgotten().at())) {
      return Pick.ofPast(key);
    }
    return new Pick(key, version, floor, now.epoch() - takings);
  }

  /** One page of a scan at a revision that memory does not know of all keys any more: as many of those that existed then as a page holds. */
  private Reading scanPast(Function<Key, Picked> pages, Key after, int limit, ReadOptions options) {
    List<Snapshot> found = new ArrayList<>();
    long bytes = 0;
    Key behind = after;
    while (true) {
      Picked picked = pages.apply(behind);
      for (Pick pick : picked.picks()) {
        Snapshot snapshot = pick.past() ? past(pick.key(), 0, options) : load(pick, options); // what was forgotten lies before this revision
        bytes += snapshot.value() == null ? 0 : snapshot.value().bytes().length;
        if (snapshot.exists() && (found.size() == limit || (bytes > PAGE && !found.isEmpty()))) {
          return new Reading(state.index().storeId(), picked.head(), found, true);
        } else if (snapshot.exists()) {
          found.add(snapshot);
        }
        behind = pick.key();
      }
      if (!picked.more()) {
        return new Reading(state.index().storeId(), picked.head(), found, false);
      }
    }
  }

  private Reading load(Picked picked, ReadOptions options) {
    long durable = decisions.journal().durableRevision();
    List<Snapshot> snapshots = new ArrayList<>(picked.picks().size());
    for (Pick pick : picked.picks()) {
      snapshots.add(pick.past() ? past(pick.key(), picked.forgottenAt(), options) : load(pick, options));
    }
    long revision = options.at() >= 0 ? options.at() : options.inFlight() ? picked.head() : Math.max(picked.judgedOn(), Math.min(picked.head(), durable));
    return new Reading(state.index().storeId(), revision, snapshots, picked.more());
  }

  private Snapshot past(Key key, long forgottenAt, ReadOptions options) {
    try (Past.Looking looking = past.look()) {
      return looking.at(() -> past.at(key, forgottenAt, options));
    }
  }

  private Snapshot load(Pick pick, ReadOptions options) {
    Version version = pick.version();
    if (version == null || version.content == null || !options.values()) {
      return Snapshots.of(pick.key(), version, pick.floor(), pick.epoch(), null, false);
    }
    byte[] bytes = options.last() >= 0 ? tail(pick.key(), version, options.last()) : state.values().load(version.content);
    Value value = new Value(version.contentType, bytes);
    return Snapshots.of(pick.key(), version, pick.floor(), pick.epoch(), value, options.last() >= 0);
  }

  private byte[] tail(Key key, Version version, int last) {
    if (version.shape != Json.Shape.LIST) {
      throw notAList(key, version.contentType, version.shape);
    }
    return state.values().tail(version.content, last);
  }

  static RuntimeException notAList(Key key, String contentType, Json.Shape shape) {
    String actual = Fold.words(contentType, shape);
    return Rejection.of(
            ErrorCode.WRONG_TYPE,
            key + " holds " + actual + ": only a list has last items",
            Map.of("expected", Json.Shape.LIST.words(), "actual", actual))
        .exception();
  }
}
