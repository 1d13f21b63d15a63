package mortmain.journal;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Goes over the frames of one segment and checks each. After {@link #next} returned false, {@link #fault} says why the bytes at
 * {@link #position} are no frame: null if there is nothing, that is, they are zero or there is no room. Used by one thread.
 */
final class Walk {
  private final Segment segment;
  private final Window window;
  private final Checksum checksum = new Checksum();
  private long position = Segment.HEADER;
  private int previousCrc;
  private long revision;
  private String fault;

  // The frame that next() found.
  private long start = -1;
  private int length;
  private byte kind;
  private int records;
  private long first;

  Walk(Segment segment) {
    this(segment, new Window(segment));
  }

  Walk(Segment segment, Window window) {
    this.segment = segment;
    this.window = window;
    this.previousCrc = segment.previousCrc();
    this.revision = segment.previousRevision();
  }

  /** Goes on behind a frame that was found valid before. */
  Walk(Segment segment, Waypoints.Place from) {
    this(segment, new Window(segment));
    this.position = from.offset();
    this.previousCrc = from.crc();
    this.revision = from.revision();
  }

  /** Steps to the next valid frame that ends at or before the limit. */
  boolean next(long limit) throws IOException {
    if (position + Frame.ALIGNMENT > limit) {
      return false;
    }
    if (window.zero(position, position + Frame.HEADER)) {
      return false;
    }
    Header header = Header.read(window, checksum, segment, position);
    fault = header == null ? "no valid frame header" : check(header);
    if (fault != null) {
      return false;
    }
    start = position;
    length = (int) Frame.length(header.body());
    kind = header.kind();
    records = header.records();
    first = header.first();
    revision = header.last();
    previousCrc = header.frameCrc();
    position += length;
    return true;
  }

  private String check(Header header) throws IOException {
    long end = position + Frame.length(header.body());
    if (end > segment.size()) {
      return "a frame that is longer than its segment";
    }
    if (header.previousCrc() != previousCrc) {
      return "the CRC of the previous frame does not match";
    }
    boolean mark = header.kind() == Frame.MARK || (header.kind() == Frame.HOLES && Segment.isRewritten(segment.number()));
    if (mark ? header.first() != revision || header.last() != revision : header.kind() != Frame.RECORDS
        || header.first() <= revision || header.last() < header.first()) {
      return "a frame of kind " + header.kind() + " with revisions " + header.first() + " to " + header.last() + " after " + revision;
    }
    if (!header.crcMatches(window, checksum)) {
      return "the frame's CRC does not match";
    }
    ByteBuffer bytes = window.range(position, (int) (end - position));
    int at = window.index(position);
    int trailer = window.index(end) - Frame.TRAILER;
    if (bytes.getInt(trailer + 4) != Frame.END || bytes.getInt(trailer) != FrameWriter.zeroSectors(bytes, position, at, trailer)) {
      return "the frame's trailer does not match";
    }
    return header.kind() == Frame.RECORDS && !recordsFit(bytes, at + Frame.HEADER, header) ? "the frame's records do not fit into it" : null;
  }

  /** A checksum says that nothing changed, not that it was right: what is replayed must lie in the frame. */
  private static boolean recordsFit(ByteBuffer bytes, int body, Header header) {
    long at = 0;
    long before = header.first();
    for (int i = 0; i < header.records(); i++) {
      if (at + Frame.RECORD_PREFIX > header.body()) {
        return false;
      }
      int size = bytes.getInt(body + (int) at);
      long of = bytes.getLong(body + (int) at + 4);
      if (size < 0 || of < before || of > header.last()) {
        return false;
      }
      at += (long) Frame.RECORD_PREFIX + size;
      before = of;
    }
    return at == header.body();
  }

  /** Hands the records of the current frame out, in order. */
  void replay(Journal.Replay replay) throws IOException {
    ByteBuffer bytes = window.range(start, length);
    int base = window.index(start);
    int at = base + Frame.HEADER;
    for (int i = 0; i < records; i++) {
      int size = bytes.getInt(at);
      long of = bytes.getLong(at + 4);
      at += Frame.RECORD_PREFIX;
      replay.record(segment.number(), (int) (start + at - base), of, bytes.slice(at, size));
      at += size;
    }
  }

  Window window() {
    return window;
  }

  Segment segment() {
    return segment;
  }

  /** Where the next frame begins or would begin. */
  long position() {
    return position;
  }

  /** CRC of the last valid frame. */
  int crc() {
    return previousCrc;
  }

  /** Last revision so far. */
  long revision() {
    return revision;
  }

  /** What the header of the next segment names as the last CRC before it. */
  int linkCrc() {
    return segment.rewritten() == null ? previousCrc : segment.rewritten().originalCrc();
  }

  /** What the header of the next segment names as the last revision before it. */
  long linkRevision() {
    return segment.rewritten() == null ? revision : segment.rewritten().lastRevision();
  }

  /** Of a rewritten segment: whether everything that was written was walked over. The successor's header says so of the others. */
  boolean isWhole() {
    Segment.Rewritten rewritten = segment.rewritten();
    return rewritten == null || (position == rewritten.end() && previousCrc == rewritten.lastCrc());
  }

  String fault() {
    return fault;
  }

  /** Offset of the last valid frame, or -1. */
  long frameStart() {
    return start;
  }

  int frameLength() {
    return length;
  }

  boolean frameIsHoles() {
    return kind == Frame.HOLES;
  }

  /** The body of the current frame; valid until the next step. */
  ByteBuffer frameBody() throws IOException {
    ByteBuffer bytes = window.range(start, length);
    int at = window.index(start);
    int body = bytes.getInt(at + 8);
    return bytes.slice(at + Frame.HEADER, body);
  }

  boolean frameIsMark() {
    return kind == Frame.MARK;
  }

  int frameRecords() {
    return records;
  }

  long frameFirst() {
    return first;
  }
}
