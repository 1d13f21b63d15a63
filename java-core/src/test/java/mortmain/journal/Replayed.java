package mortmain.journal;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Collects what a journal replays. */
final class Replayed implements Journal.Replay {
  final List<Long> revisions = new ArrayList<>();
  final List<byte[]> values = new ArrayList<>();
  final List<int[]> places = new ArrayList<>();

  @Override
  public void record(int segment, int offset, long revision, ByteBuffer bytes) {
    byte[] value = new byte[bytes.remaining()];
    bytes.get(value);
    revisions.add(revision);
    values.add(value);
    places.add(new int[] {segment, offset});
  }
}
