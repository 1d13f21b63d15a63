package mortmain.file;

import java.io.IOException;
import java.util.List;

/**
 * Remembers where the record of each accepted request lies: 64 bits of its id and 64 bits of place, no objects, because a million of
 * them are kept. Two halves: when the newer one is full or a day old it becomes the older one, and what was the older one is
 * forgotten; so at least half the ids and one full horizon of time are remembered. Guarded by the engine's lock.
 */
final class RequestTable {
  private static final int SEGMENT_BITS = 31;

  private final int half;
  private final long maxAgeNanos;
  private Half newer;
  private Half older;
  private long horizon;

  RequestTable(int ids, long maxAgeNanos, long now) {
    this.half = Math.max(1, ids / 2);
    this.maxAgeNanos = maxAgeNanos;
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

  /** Forgets the older half when it is time. */
  void rotate(long now) {
    if (newer.size >= half || (newer.size > 0 && now - newer.since >= maxAgeNanos)) {
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

  /** As records of a kind, so many ids in each. */
  void write(Aid.Writer writer, int kind, int part) throws IOException {
    for (Half half : List.of(older, newer)) {
      int written = 0;
      int at = 0;
      do {
        int count = Math.min(part, half.size - written);
        writer.out.u8(kind);
        writer.out.u8(half == newer ? 1 : 0);
        writer.out.varint(horizon);
        writer.out.varint(half.lastRevision);
        writer.out.varint(count);
        for (int left = count; left > 0; at++) {
          if (half.places[at] != 0) {
            writer.out.i64(half.hashes[at]);
            writer.out.i64(half.places[at]);
            left--;
          }
        }
        written += count;
        writer.next();
      } while (written < half.size);
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

  private static final class Half {
    private final long since;
    private long[] hashes = new long[64];
    private long[] places = new long[64];
    private int size;
    private long lastRevision;

    Half(long since) {
      this.since = since;
    }

    boolean find(long hash, Match match) {
      int mask = hashes.length - 1;
      for (int i = (int) hash & mask; places[i] != 0; i = (i + 1) & mask) {
        if (hashes[i] == hash && match.at((int) (places[i] >>> SEGMENT_BITS), (int) places[i] & Integer.MAX_VALUE)) {
          return true;
        }
      }
      return false;
    }

    void add(long hash, long place, long revision) {
      if (size * 2 >= hashes.length) {
        grow();
      }
      put(hash, place);
      size++;
      lastRevision = revision;
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
