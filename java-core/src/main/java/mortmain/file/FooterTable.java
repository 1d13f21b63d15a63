package mortmain.file;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import mortmain.model.Key;

/** The table of a sealed segment: the Bloom filter in memory, the rest read from its footer where it is asked for. Thread-safe. */
final class FooterTable implements SegmentTable {
  /** Rows that are read at once. */
  private static final int WINDOW = 64;

  private final Values.Source source;
  private final int segment;
  private final int at;
  private final int keys;
  private final int index;
  private final long[] bloom;
  private final List<PrefixTaking> prefixes;
  private final long firstRevision;

  private FooterTable(Values.Source source, int segment, int at, ByteBuffer content) {
    this.source = source;
    this.segment = segment;
    this.at = at;
    this.keys = content.getInt(4);
    this.bloom = new long[content.getInt(8)];
    for (int i = 0; i < bloom.length; i++) {
      bloom[i] = content.getLong(FooterCodec.HEAD + 8 * i);
    }
    this.index = FooterCodec.HEAD + 8 * bloom.length;
    this.prefixes = FooterCodec.prefixes(content);
    this.firstRevision = content.getLong(20);
  }

  /** Null when this version of mortmain cannot read it. {@code at}: where the content begins in the segment's file. */
  static FooterTable of(Values.Source source, int segment, int at, byte[] content) {
    ByteBuffer bytes = ByteBuffer.wrap(content);
    return bytes.getInt(0) == FooterCodec.FORMAT ? new FooterTable(source, segment, at, bytes) : null;
  }

  @Override
  public long firstRevision() {
    return firstRevision;
  }

  @Override
  public boolean mayHave(Key key) {
    return Bloom.mayHave(bloom, key);
  }

  @Override
  public List<PrefixTaking> prefixTakings() {
    return prefixes;
  }

  @Override
  public Rows rows(Key key) {
    if (!mayHave(key)) {
      return null;
    }
    int low = 0;
    for (int high = keys - 1; low <= high; ) {
      int middle = (low + high) >>> 1;
      int block = read(index + 4 * middle, 4).getInt();
      byte[] found = read(block + 2, read(block, 2).getShort() & 0xffff).array();
      int order = key.compareTo(Key.trusted(found));
      if (order == 0) {
        return new FooterRows(block + 2 + found.length);
      } else if (order < 0) {
        high = middle - 1;
      } else {
        low = middle + 1;
      }
    }
    return null;
  }

  private ByteBuffer read(int from, int length) {
    byte[] bytes = new byte[length];
    try {
      source.read(segment, at + from, bytes);
    } catch (IOException e) {
      throw new UncheckedIOException("the footer of segment " + segment + " cannot be read", e);
    }
    return ByteBuffer.wrap(bytes);
  }

  /** For one thread. */
  private final class FooterRows implements Rows {
    private final int start;
    private final int count;
    private final int takings;
    private ByteBuffer window;
    private int windowFrom;

    FooterRows(int counts) {
      ByteBuffer head = read(counts, FooterCodec.COUNTS);
      this.start = counts + FooterCodec.COUNTS;
      this.count = head.getInt();
      this.takings = head.getInt();
    }

    @Override
    public int count() {
      return count;
    }

    @Override
    public Row row(int row) {
      if (window == null || row < windowFrom || row >= windowFrom + WINDOW) {
        windowFrom = Math.max(0, row - WINDOW / 2);
        window = read(start + FooterCodec.ROW * windowFrom, FooterCodec.ROW * Math.min(WINDOW, count - windowFrom));
      }
      int from = FooterCodec.ROW * (row - windowFrom);
      return new Row(window.getLong(from), window.getLong(from + 8), segment, window.getInt(from + 16));
    }

    @Override
    public List<Taking> takings() {
      ByteBuffer bytes = read(start + FooterCodec.ROW * count, FooterCodec.TAKING * takings);
      List<Taking> found = new ArrayList<>(takings);
      for (int i = 0; i < takings; i++) {
        found.add(new Taking(bytes.getLong(), bytes.getLong()));
      }
      return found;
    }
  }
}
