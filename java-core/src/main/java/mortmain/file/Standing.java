package mortmain.file;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import mortmain.file.SegmentTable.Row;
import mortmain.model.Key;

/**
 * How a key stands when compaction looks at it: what memory knows, taken at one time under the engine's lock, and what its retention keeps,
 * looked up after that. One standing serves a whole run of segments, so that all decisions about the key agree. For one thread.
 */
final class Standing {
  final Key key;
  /** The number of the newest version, a delete too; -1 when there is none in memory. */
  final long newest;
  final long newestRevision;
  /** The first version of the list that is there; greater than every version when the value is whole. */
  final long base;
  final boolean record;
  final boolean exists;
  final String claimId;
  final String released;
  final long reclaimed;
  /** The pieces that memory refers to and that lie in the run, by place. */
  final Map<Long, Piece> pieces = new HashMap<>(2);

  /** Whether an event of the key may lie in front of the run. */
  boolean older;
  /** What was replaced up to this revision is too old to be kept for its age. */
  long cutoff;
  /** This version and those after it are history that is kept. */
  long keepFrom;
  /** Reclamations after this revision are part of that history. */
  long keepFromRevision;
  /** Versions whose records hold parts of the list that version {@link #keepFrom} was. */
  Set<Long> parts = Set.of();

  private Standing(Key key, KeyRecord record) {
    Version version = record == null ? null : record.newest;
    this.key = key;
    this.record = record != null;
    this.exists = record != null && record.exists();
    this.newest = version == null ? -1 : version.version;
    this.newestRevision = version == null ? -1 : version.revision;
    this.base = exists && !version.content.isWhole() ? version.content.base() : Long.MAX_VALUE;
    this.claimId = record == null || record.claim == null ? null : record.claim.claimId();
    this.released = record == null ? null : record.released;
    this.reclaimed = record == null || record.reclaimed == null ? -1 : record.reclaimed.revision();
  }

  /** Under the engine's lock. */
  static Standing of(Index index, Key key, Set<Integer> run) {
    KeyRecord record = index.find(key);
    Standing standing = new Standing(key, record);
    for (Version version = record == null ? null : record.newest; version != null; version = version.older()) {
      standing.remember(version.content, run);
    }
    return standing;
  }

  private void remember(Content content, Set<Integer> run) {
    for (int i = 0; content != null && i < content.size(); i++) {
      Piece piece = content.pieces()[i];
      if (run.contains(Piece.segment(piece.place()))) {
        pieces.put(piece.place(), piece);
      }
    }
  }

  /**
   * Looks up what is kept of the past; without the lock: nothing that is asked for changes any more. {@code versions}: so many of the last ones
   * are kept whatever their age. {@code lists}: parts of lists lie in the run.
   */
  void lookUp(Past past, SegmentTables tables, long runAfter, long oldest, long versions, boolean lists) {
    cutoff = oldest;
    older = tables.mayHaveBefore(key, runAfter + 1);
    SegmentTables.Search search = past.search(key);
    Row then = newest >= 0 && newestRevision <= cutoff ? new Row(newest, newestRevision, 0, 0) : search.atRevision(cutoff);
    keepFrom = then == null ? 0 : then.version();
    keepFromRevision = then == null ? 0 : then.revision();
    if (newest >= 0) {
      keepFrom = Math.min(keepFrom, newest - versions + 1);
    } else if (then != null && !record && !older && search.newest(Long.MAX_VALUE, 1).get(0).version() == then.version()) {
      keepFrom = Long.MAX_VALUE; // a tombstone that was forgotten, and that hides nothing any more
    }
    if (lists && keepFrom < newest) {
      parts = new HashSet<>(past.parts(search, key, keepFrom));
    }
  }

  /** Whether memory holds no value: then what is said of the key must stay forgettable, or not, exactly as it was. */
  boolean hidden() {
    return !exists;
  }
}
