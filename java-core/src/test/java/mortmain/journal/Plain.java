package mortmain.journal;

import java.nio.charset.StandardCharsets;

/** A record that remembers its place. */
class Plain extends Record {
  int segment = -1;
  int offset = -1;
  int placements;

  Plain(long revision, byte[] bytes) {
    super(revision, bytes);
  }

  static Plain of(long revision) {
    return new Plain(revision, ("value of revision " + revision).getBytes(StandardCharsets.UTF_8));
  }

  static Plain ofSize(long revision, int size) {
    byte[] bytes = new byte[size];
    for (int i = 0; i < size; i++) {
      bytes[i] = (byte) (revision * 31 + i % 251);
    }
    return new Plain(revision, bytes);
  }

  @Override
  protected void placed(int inSegment, int at) {
    segment = inSegment;
    offset = at;
    placements++;
  }
}
