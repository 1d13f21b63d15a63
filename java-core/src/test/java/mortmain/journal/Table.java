package mortmain.journal;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/** Footers that list the revisions of their segment. */
final class Table implements Footers, Journal.Replay {
  final Map<Integer, List<Long>> placed = new TreeMap<>();
  final Map<Integer, byte[]> onDisk = new TreeMap<>();
  /** Told before any record of the segment was replayed. */
  final TreeSet<Integer> foundAtOpen = new TreeSet<>();

  Plain record(long revision, int size) {
    return new Plain(revision, Plain.ofSize(revision, size).bytes()) {
      @Override
      protected void placed(int inSegment, int at) {
        super.placed(inSegment, at);
        add(inSegment, revision());
      }
    };
  }

  @Override
  public void record(int segment, int offset, long revision, ByteBuffer bytes) {
    add(segment, revision);
  }

  private synchronized void add(int segment, long revision) {
    placed.computeIfAbsent(segment, number -> new ArrayList<>()).add(revision);
  }

  @Override
  public synchronized long room(int segment, List<Record> more) {
    return 4 + 8L * (placed.getOrDefault(segment, List.of()).size() + more.size());
  }

  @Override
  public synchronized byte[] content(int segment) {
    List<Long> revisions = placed.getOrDefault(segment, List.of());
    ByteBuffer content = ByteBuffer.allocate(4 + 8 * revisions.size()).putInt(revisions.size());
    revisions.forEach(content::putLong);
    return content.array();
  }

  @Override
  public synchronized boolean knows(int segment) {
    return onDisk.containsKey(segment);
  }

  @Override
  public synchronized void found(int segment, int offset, byte[] content) {
    if (!placed.containsKey(segment)) {
      foundAtOpen.add(segment);
    }
    onDisk.put(segment, content);
  }
}
