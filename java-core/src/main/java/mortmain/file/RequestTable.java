package mortmain.file;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * Remembers where the record of each accepted request lies: 64 bits of its id and 64 bits of place, no objects, because a million of
 * them are kept. Two halves: when the newer one is full or a day old it becomes the older one, and what was the older one is
 * forgotten; so at least half the ids and one full horizon of time are remembered. Guarded by the engine's lock.
 */
final class RequestTable {
  private static final int SEGMENT_BITS = 31;

  private final Settings settings;
  private Half newer;
  private Half older;
  private long horizon;

  RequestTable(Settings settings, long now) {
    this.settings = settings;
    this.newer = new Half(now);
    this.older = new Half(now);
  }

  /** Looks for an id: calls {@code match} with each place whose hash fits, until it says yes. */
  boolean find(long hash, Match match) {
    return newer.find(hash, match) || older.find(hash, match);
  }

  void add(long hash, int segment, int offset, long revision, long now) {
    rotate(now);
    newer.add(hash, (long) segment << SEGMENT_BITS | offset, revision);
  }

  /** Like {@link #add}, of what may be known already. */
  void addOnce(long hash, int segment, int offset, long revision, long now) {
    Match same = (s, o) -> s == segment && o == offset;
    for (Half half : List.of(newer, older)) {
      if (half.find(hash, same)) {
        half.lastRevision = Math.max(half.lastRevision, revision); // it was written down later than that
        return;
      }
    }
    add(hash, segment, offset, revision, now);
  }

  /** Forgets the older half when it is time. */
  void rotate(long now) {
    if (newer.size >= Math.max(1, settings.horizonIds() / 2) || (newer.size > 0 && now - newer.since >= settings.horizonNanos())) {
      horizon = Math.max(horizon, older.lastRevision);
      older = newer;
      newer = new Half(now);
    }
  }

  /** Ids made at a revision below this one may have been dropped with their records. */
  void dropped(long upTo) {
    horizon = Math.max(horizon, upTo);
  }

  /** Tells every place in rewritten segments where it is now. */
  void moved(Moves moves) {
    newer.moved(moves);
    older.moved(moves);
  }

  /** Ids made at a revision below this one may have been forgotten. */
  long horizon() {
    return horizon;
  }

  int size() {
    return newer.size + older.size;
  }

  /** What is known now, older half first. */
  List<Slots> slots(Set<Integer> segments) {
    List<Slots> slots = new ArrayList<>(); // whoever has written one lets go of it
    slots.add(new Slots(older, 0, horizon, segments));
    slots.add(new Slots(newer, 1, horizon, segments));
    return slots;
  }

  /** The ids of one half, to be written down some at a time; those that are added meanwhile may be among them. */
  static final class Slots {
    private final int which;
    private final long horizon;
    private final long lastRevision;
    private final Set<Integer> segments;
    private final Shard[] shards;
    private int at;

    private Slots(Half half, int which, long horizon, Set<Integer> segments) {
      this.which = which;
      this.horizon = horizon;
      this.lastRevision = half.lastRevision;
      this.segments = segments;
      this.shards = half.shards;
    }

    /** As records of a kind, of at least so many slots if there are; says whether there are more. */
    boolean write(Out out, int kind, int count) {
      for (int done = 0; done < count && at < shards.length; at++) {
        out.u8(kind);
        out.u8(which);
        out.varint(horizon);
        out.varint(lastRevision);
        done += shards[at].write(out, segments);
      }
      return at < shards.length;
    }
  }

  void read(In in) {
    Half half = in.u8() == 1 ? newer : older;
    horizon = in.varint();
    long lastRevision = in.varint();
    for (int left = in.count(); left > 0; left--) {
      half.add(in.i64(), in.i64(), lastRevision);
    }
    half.lastRevision = lastRevision;
  }

  /** Says whether the record at a place belongs to the id. */
  interface Match {
    boolean at(int segment, int offset);
  }

  /** Shards, because the one that grows keeps the engine waiting for as long as its ids take. */
  private static final class Half {
    private static final int SHARDS = 256;

    private final long since;
    private final Shard[] shards = new Shard[SHARDS];
    private int size;
    private long lastRevision;

    Half(long since) {
      this.since = since;
      Arrays.setAll(shards, i -> new Shard());
    }

    boolean find(long hash, Match match) {
      return shard(hash).find(hash, match);
    }

    void add(long hash, long place, long revision) {
      shard(hash).add(hash, place);
      size++;
      lastRevision = revision;
    }

    void moved(Moves moves) {
      for (Shard shard : shards) {
        shard.moved(moves);
      }
    }

    private Shard shard(long hash) {
      return shards[(int) (hash >>> 56)];
    }
  }

  private static final class Shard {
    private long[] hashes = new long[8];
    private long[] places = new long[8];
    private int size;

    boolean find(long hash, Match match) {
      int mask = hashes.length - 1;
      for (int i = (int) hash & mask; places[i] != 0; i = (i + 1) & mask) {
        if (hashes[i] == hash && match.at((int) (places[i] >>> SEGMENT_BITS), (int) places[i] & Integer.MAX_VALUE)) {
          return true;
        }
      }
      return false;
    }

    void add(long hash, long place) {
      if (size * 2 >= hashes.length) {
        grow();
      }
      put(hash, place);
      size++;
    }

    /** The number of its slots. */
    int write(Out out, Set<Integer> segments) {
      int known = 0;
      for (long place : places) {
        known += isKnown(place, segments) ? 1 : 0;
      }
      out.varint(known);
      for (int i = 0; i < places.length; i++) {
        if (isKnown(places[i], segments)) {
          out.i64(hashes[i]);
          out.i64(places[i]);
        }
      }
      return places.length;
    }

    private static boolean isKnown(long place, Set<Integer> segments) {
      return place != 0 && segments.contains((int) (place >>> SEGMENT_BITS));
    }

    void moved(Moves moves) {
      for (int i = 0; i < places.length; i++) {
        int offset = places[i] == 0 ? -1 : moves.offset((int) (places[i] >>> SEGMENT_BITS), (int) places[i] & Integer.MAX_VALUE);
        if (offset >= 0) {
          places[i] = (long) moves.segment() << SEGMENT_BITS | offset;
        }
      }
    }

    private void put(long hash, long place) {
      int mask = hashes.length - 1;
      int i = (int) hash & mask;
      while (places[i] != 0) {
        i = (i + 1) & mask;
      }
      hashes[i] = hash;
      places[i] = place;
    }

    private void grow() {
      long[] oldHashes = hashes;
      long[] oldPlaces = places;
      hashes = new long[oldHashes.length * 2];
      places = new long[hashes.length];
      for (int i = 0; i < oldPlaces.length; i++) {
        if (oldPlaces[i] != 0) {
          put(oldHashes[i], oldPlaces[i]);
        }
      }
    }
  }
}
