package mortmain.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * The footer of one sealed segment as it was found. It is a frame that ends where the segment ends; the last 8 bytes of its body say how long
 * its content is and where it begins.
 *
 * @param offset of the frame
 * @param content what the engine keeps in it
 * @param last the last revision of the segment, as the footer knows it
 * @param previousCrc of the segment's last frame, as the footer knows it
 */
record Footer(long offset, byte[] content, long last, int previousCrc) {
  private static final int LOCATOR = 8;
  private static final int FROM_END = Frame.TRAILER + LOCATOR;

  /** Bytes of a frame with this much content. */
  static long length(long content) {
    return Frame.length(content + LOCATOR);
  }

  /** Where a footer's content begins in the file. */
  int contentAt() {
    return (int) offset + Frame.HEADER;
  }

  /** The segment's footer, or null when there is no valid one. */
  static Footer find(Segment segment) throws IOException {
    Window window = new Window(segment);
    ByteBuffer end = window.range(segment.size() - FROM_END, FROM_END);
    int at = window.index(segment.size() - FROM_END);
    int length = end.getInt(at);
    long offset = end.getInt(at + 4);
    boolean possible = end.getInt(at + FROM_END - 4) == Frame.END && length > 0 && offset >= Segment.HEADER
        && offset % Frame.ALIGNMENT == 0 && offset + length(length) == segment.size();
    if (!possible) {
      return null;
    }
    Checksum checksum = new Checksum();
    Header header = Header.read(window, checksum, segment, offset);
    if (header == null || header.kind() != Frame.FOOTER || header.end() != segment.size() || !header.crcMatches(window, checksum)) {
      return null;
    }
    byte[] content = new byte[length];
    window.range(offset, (int) (segment.size() - offset)).position(window.index(offset) + Frame.HEADER).get(content);
    return new Footer(offset, content, header.last(), header.previousCrc());
  }

  /** Writes and forces the footer of a segment whose last frame has this CRC and revision. */
  static Footer write(Segment segment, byte[] content, int previousCrc, long last) throws IOException {
    int length = (int) length(content.length);
    long offset = segment.size() - length;
    byte[] body = Arrays.copyOf(content, length - Frame.HEADER - Frame.TRAILER);
    ByteBuffer.wrap(body).putInt(body.length - LOCATOR, content.length).putInt(body.length - LOCATOR + 4, (int) offset);
    RawFrame.write(segment, offset, Frame.FOOTER, body, previousCrc, last);
    segment.file().force();
    return new Footer(offset, content, last, previousCrc);
  }
}
