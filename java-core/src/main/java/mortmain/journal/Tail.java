package mortmain.journal;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Judges what lies after the last valid frame of the last segment, and zeroes it if it is torn. The rules and their reasons stand in the
 * package's page. Used by one thread, at open.
 */
final class Tail {
  private final Segment segment;
  private final Window window;
  private final Walk walk;
  private final long position;
  private final Checksum checksum = new Checksum();

  Tail(Walk walk) {
    this.walk = walk;
    this.segment = walk.segment();
    this.window = walk.window();
    this.position = walk.position();
  }

  /** One past the last byte that is not zero; {@link Walk#position} when the tail is clean. */
  long end() throws IOException {
    return window.afterLastNonZero(position, segment.size());
  }

  /** Throws unless the non-zero bytes from the walk's end to {@code end} are a frame that was never forced. */
  void requireTorn(String file, long end) throws IOException {
    if (position + Frame.ALIGNMENT > segment.size()) {
      throw damage(file, "bytes after the last frame, where no frame has room", null);
    }
    if (window.zero(position, position + Frame.HEADER)) {
      requireLostHead(file);
      return;
    }
    if (end <= position + Frame.HEADER) {
      return; // a header, or a part of one, and nothing after it
    }
    Header header = Header.read(window, checksum, segment, position);
    if (header == null || header.end() > segment.size()) {
      throw damage(file, header == null ? "no valid frame header" : walk.fault(), null);
    }
    if (end > header.end()) {
      throw damage(file, walk.fault() + ", and bytes follow it", header);
    }
    if (!incomplete(header)) {
      throw damage(file, walk.fault(), header);
    }
  }

  private void requireLostHead(String file) throws IOException {
    long sectorEnd = position - position % Frame.SECTOR + Frame.SECTOR;
    if (!window.zero(position, Math.min(sectorEnd, segment.size()))) {
      throw damage(file, "bytes after the last frame that begin with no frame", null);
    }
    Header later = laterFrame(sectorEnd);
    if (later != null) {
      throw new JournalDamaged(file, position, walk.revision() + 1, later.first() - 1, "no frame here, but a valid one at byte " + later.offset());
    }
  }

  /** Frame k+1 is only written when frame k is forced, so a later valid frame proves that the bytes before it were durable once. */
  private Header laterFrame(long from) throws IOException {
    for (long at = from; at + Frame.ALIGNMENT <= segment.size(); at += Frame.ALIGNMENT) {
      Header header = Header.read(window, checksum, segment, at);
      if (header != null && header.end() <= segment.size() && header.crcMatches(window, checksum)) {
        return header;
      }
    }
    return null;
  }

  private boolean incomplete(Header header) throws IOException {
    int length = (int) (header.end() - position);
    ByteBuffer bytes = window.range(position, length);
    int at = window.index(position);
    int trailer = at + length - Frame.TRAILER;
    if (bytes.get(at + length - 1) == 0) {
      return true;
    }
    return !header.crcMatches(window, checksum)
        && FrameWriter.zeroSectors(bytes.clear(), position, at, trailer) > bytes.getInt(trailer);
  }

  private JournalDamaged damage(String file, String reason, Header header) {
    long last = header == null ? JournalDamaged.UNKNOWN : header.last();
    return new JournalDamaged(file, position, walk.revision() + 1, last, reason);
  }

  /** Zeroes up to {@code end} in an order that leaves a torn tail again if it is interrupted. */
  static void zero(Segment segment, long position, long end) throws IOException {
    if (end == position) {
      return;
    }
    long body = Math.min(end, position + Frame.HEADER);
    if (end > body) {
      fill(segment, end - 1, end); // the trailer's last byte, if there is a trailer
      fill(segment, body, end - 1);
    }
    fill(segment, position, body);
  }

  private static void fill(Segment segment, long from, long to) throws IOException {
    ByteBuffer zeros = ByteBuffer.allocate((int) Math.min(1 << 16, to - from));
    for (long at = from; at < to; ) {
      zeros.clear().limit((int) Math.min(zeros.capacity(), to - at));
      int length = zeros.remaining();
      segment.file().writeFully(at, zeros);
      at += length;
    }
    segment.file().force();
  }
}
