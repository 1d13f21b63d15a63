package mortmain.journal;

import java.util.List;

/**
 * What the engine keeps at the end of each sealed segment: a table of what lies in it. Derived from the segment's records alone, the same
 * bytes for the same records, so that a footer that is missing or damaged is made again.
 *
 * <p>{@link #room} and the placing of records are called by one thread at a time, the leader. {@link #content} and {@link #found} may be
 * called by another one, once no more records are placed in that segment.
 */
public interface Footers {
  /** No footers are written, and none is expected. */
  Footers NONE = new NoFooters(new byte[0]);

  /** No footers are written, but there may be some. */
  Footers UNKNOWN = new NoFooters(null);

  /** At most so many bytes of content will the segment have, if these records too are placed in it; 0 for no footer. */
  long room(int segment, List<Record> more);

  /**
   * The content for a segment whose records were all placed or replayed. Empty: there is none; null: not known, so whatever follows the
   * segment's last frame may be one.
   */
  byte[] content(int segment);

  /** Whether what {@link #found} told of a segment is enough to do without its records. */
  boolean knows(int segment);

  /**
   * The content lies on disk, at this offset of the segment's file. Told at open before the segment's records are replayed, later after it
   * was written. The array is the caller's no longer.
   */
  void found(int segment, int offset, byte[] content);
}
