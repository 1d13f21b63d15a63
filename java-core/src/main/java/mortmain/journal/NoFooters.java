package mortmain.journal;

import java.util.List;

/** Footers of an engine that has none. Thread-safe. */
final class NoFooters implements Footers {
  private final byte[] content;

  NoFooters(byte[] content) {
    this.content = content;
  }

  @Override
  public long room(int segment, List<Record> more) {
    return 0;
  }

  @Override
  public byte[] content(int segment) {
    return content;
  }

  @Override
  public boolean knows(int segment) {
    return false;
  }

  @Override
  public void found(int segment, int offset, byte[] found) {}
}
