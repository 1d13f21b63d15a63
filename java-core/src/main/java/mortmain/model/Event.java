package mortmain.model;

import java.util.List;
import java.util.Map;

/** What the journal holds: each event has a revision of its own and a time in microseconds since 1970 (UTC) that never goes back. */
public sealed interface Event {
  long revision();

  long at();

  /** The first event of a store. */
  record Created(long revision, long at, String storeId) implements Event {}

  /** A gateway opened the store: claims that were not renewed since the last one are reclaimed at the next. */
  record Opened(long revision, long at) implements Event {}

  /** {@code fingerprint}: of the content of a plain commit, 0 for none. */
  record Committed(
      long revision,
      long at,
      String requestId,
      int attempt,
      long fingerprint,
      String writer,
      Map<String, String> meta,
      List<Change> changes)
      implements Event {}

  record ClaimGranted(long revision, long at, Key key, String claimId, String holder, long epoch, long ttlMillis) implements Event {}

  /** Only the first renewal after a restart is journaled; the others have revision 0. */
  record ClaimRenewed(long revision, long at, Key key, String claimId) implements Event {}

  record ClaimReleased(long revision, long at, Key key, String claimId) implements Event {}

  /**
   * Ownership was taken away. With a prefix, the prefix's own count went up and {@code keys} lists the claims that ended below it;
   * otherwise each key's own count went up.
   */
  record Reclaimed(long revision, long at, String requestId, String by, String reason, String prefix, List<Taken> keys) implements Event {}

  /** {@code epoch} after the reclamation; {@code claimId} and {@code holder} null when no claim was live. */
  record Taken(Key key, long epoch, String claimId, String holder) {}

  /** A backup was restored: from here on this is another store. The reclamation of everything follows it. */
  record Restored(long revision, long at, String storeId) implements Event {}

  /** The id will never commit. */
  record RequestRefused(long revision, long at, String requestId, String writer) implements Event {}

  /** Below a prefix so many versions of each key, and what was current in so many seconds, are kept; both 0: the rule is taken back. */
  record Retained(long revision, long at, String by, String prefix, long versions, long seconds) implements Event {}

  /** A setting of the store has this value from here on. */
  record Configured(long revision, long at, String by, String name, long value) implements Event {}

  /**
   * Compaction may have dropped requests up to the horizon, and below each prefix, of what it was at revisions before the one given. The newest of
   * these events says it all.
   */
  record Compacted(long revision, long at, long horizon, Map<String, Long> gone) implements Event {}

  /** Tombstones up to a revision were forgotten; a key without a record starts above both numbers. */
  record Forgotten(long revision, long at, long upTo, long version, long epoch) implements Event {}

  /** A prefix is mirrored from here on; an existing mount of the same prefix gets these settings. */
  record Mounted(long revision, long at, String by, Mount mount) implements Event {}

  record Unmounted(long revision, long at, String by, String prefix) implements Event {}

  /** Every file below the prefix holds what its key was at revision {@code through}, or something newer, and is forced. */
  record MirroredThrough(long revision, long at, String prefix, long through) implements Event {}
}
