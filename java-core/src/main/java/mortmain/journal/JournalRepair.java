package mortmain.journal;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import mortmain.disk.Disk;
import mortmain.disk.DiskFile;

/**
 * Cuts the end of a journal off, on somebody's explicit order: the way out of {@link JournalDamaged} when there is no backup. What it cuts
 * off is copied or moved to lost/, never deleted. If it is interrupted, run it again. Stateless; the caller holds the directory's lock, and
 * no journal is open on it.
 */
public final class JournalRepair {
  private final Home home;
  private final Clock clock;
  private final long revision;
  private final List<Segment> opened = new ArrayList<>();
  private final List<Record> kept = new ArrayList<>();
  private Walk walk;
  private long cutAt;
  private int cutCrc;
  private long lastKept;

  private JournalRepair(Home home, Clock clock, long revision) {
    this.home = home;
    this.clock = clock;
    this.revision = revision;
  }

  /**
   * Keeps every record up to this revision and cuts off all that follows. Throws {@link JournalDamaged}, and changes nothing, when some record
   * up to this revision is not readable; the error names the first one that is not.
   */
  public static RepairReport repair(Disk disk, Path directory, long truncateAtRevision) throws IOException {
    return repair(disk, directory, truncateAtRevision, Clock.systemUTC());
  }

  static RepairReport repair(Disk disk, Path directory, long truncateAtRevision, Clock clock) throws IOException {
    Home home = new Home(disk, directory);
    home.requireStore();
    JournalRepair repair = new JournalRepair(home, clock, truncateAtRevision);
    try {
      repair.findCut();
      return repair.cut();
    } finally {
      Recovery.closeAll(repair.opened);
    }
  }

  /** Goes over the segments as far as they are whole and their records wanted. */
  private void findCut() throws IOException {
    JournalDamaged damage = null;
    for (Manifest.Listed listed : listed()) {
      try {
        opened.add(Recovery.open(home, listed, walk));
      } catch (JournalDamaged e) {
        damage = e;
        break;
      }
      walk = new Walk(opened.get(opened.size() - 1));
      cutAt = walk.position();
      cutCrc = walk.crc();
      Footer footer = Footer.find(walk.segment());
      while (walk.next(footer == null ? walk.segment().size() : footer.offset()) && takeFrame()) {
        cutAt = walk.position();
        cutCrc = walk.crc();
        lastKept = walk.revision();
      }
      if (walk.revision() > revision || !walk.isWhole()) {
        break; // a rewritten segment names its successor's start whatever became of its own end
      } // else, whatever follows its last frame may be a footer: the next segment tells whether it continues that frame
    }
    if (walk == null) {
      throw damage;
    }
    if (!kept.isEmpty()) {
      lastKept = kept.get(kept.size() - 1).revision();
    } else if (walk.revision() <= revision && lastKept < revision) {
      throw new JournalDamaged(Home.relative(walk.segment().number()), cutAt, lastKept + 1, JournalDamaged.UNKNOWN,
          "revision " + revision + " cannot be kept, only up to " + lastKept + (damage == null ? "" : ": " + damage.getMessage()));
    }
  }

  /** Whether the frame is wanted whole; of one that is wanted in part, the wanted records are remembered. */
  private boolean takeFrame() throws IOException {
    if (walk.revision() <= revision) {
      return true;
    }
    walk.replay((segment, offset, of, bytes) -> {
      if (of <= revision) {
        byte[] copy = new byte[bytes.remaining()];
        bytes.get(copy);
        kept.add(new Kept(of, copy));
      }
    });
    return false;
  }

  /** What MANIFEST lists; if it cannot be read, the segment files that there are, in order. */
  private List<Manifest.Listed> listed() throws IOException {
    String text = home.text(Home.MANIFEST);
    try {
      if (text != null) {
        return Manifest.parse(text).segments();
      }
    } catch (JournalDamaged e) {
      text = null; // its content says nothing; the chain of the segments decides
    }
    List<Segment> found = new ArrayList<>();
    for (String name : home.disk.list(home.journal)) {
      if (Home.isSegment(name)) {
        try (DiskFile file = home.disk.open(home.journal.resolve(name))) {
          Segment segment = Segment.read(file, Home.number(name));
          if (segment != null) {
            found.add(segment);
          }
        }
      }
    }
    if (found.isEmpty()) {
      throw new JournalDamaged(Home.MANIFEST, 0, 1, JournalDamaged.UNKNOWN, "it cannot be read, and there is no segment");
    }
    return Manifest.of(chain(found)).segments();
  }

  /**
   * In order, each range of revisions once: what compaction replaced may still be there, and what it wrote may not have been listed yet. The
   * first file of a replaced run is removed before the others, so where it is there, so are they.
   */
  private static List<Segment> chain(List<Segment> found) {
    List<Segment> sorted = new ArrayList<>(found);
    sorted.sort(Comparator.comparingLong(Segment::previousRevision).thenComparingLong(JournalRepair::covered).thenComparing(Segment::number));
    List<Segment> chain = new ArrayList<>();
    long covered = 0;
    long begun = -1;
    for (Segment segment : sorted) {
      boolean again = segment.rewritten() != null && segment.previousRevision() == begun;
      if (segment.previousRevision() >= covered && !again) {
        chain.add(segment);
        begun = segment.previousRevision();
        covered = Math.max(covered, covered(segment));
      }
    }
    return chain;
  }

  private static long covered(Segment segment) {
    return segment.rewritten() == null ? segment.previousRevision() : segment.rewritten().lastRevision();
  }

  /** First everything is copied aside; then MANIFEST ends at the cut; then later segments are moved; last the end is zeroed. */
  private RepairReport cut() throws IOException {
    Segment last = walk.segment();
    Path folder = home.lostFolder(clock, "repair");
    long end = Math.max(cutAt, new Window(last).afterLastNonZero(cutAt, last.size()));
    if (end > cutAt) {
      home.copy(last.file(), cutAt, end, folder.resolve(Home.name(last.number()) + "@" + cutAt));
    }
    List<Segment> live = opened.subList(0, opened.indexOf(last) + 1);
    home.replace(Home.MANIFEST, Manifest.of(live).text());
    if (home.text(Home.FORMAT) == null) {
      home.replace(Home.FORMAT, Recovery.FORMAT_LINE);
    }
    Path aid = home.root.resolve("index").resolve("state");
    if (home.disk.exists(aid)) { // it knows what is cut off
      home.disk.delete(aid);
      home.disk.forceDirectory(aid.getParent());
    }
    long moved = moveOthers(live, folder);
    long clean = cutAt + writeKept(last);
    Tail.zero(last, clean, Math.max(clean, end));
    for (Segment segment : live) {
      if (segment.rewritten() != null) {
        forgetRewriting(segment, segment.equals(last));
      }
    }
    return new RepairReport(lastKept, last.number(), cutAt, end - cutAt + moved, folder);
  }

  /**
   * A rewritten segment that became the last one takes frames again. One that was compacted because of what is cut off now must not refuse to be
   * opened: what had been deleted since may be back.
   */
  private void forgetRewriting(Segment segment, boolean last) throws IOException {
    Segment.Rewritten was = segment.rewritten();
    Segment.Rewritten now =
        last ? null : new Segment.Rewritten(was.originalCrc(), was.lastRevision(), was.end(), was.lastCrc(), Math.min(was.knew(), lastKept));
    new Segment(segment.number(), segment.salt(), segment.size(), segment.previousCrc(), segment.previousRevision(), segment.file(), now)
        .writeHeader();
    segment.file().force();
  }

  private long moveOthers(List<Segment> live, Path folder) throws IOException {
    Set<Integer> kept = new HashSet<>();
    live.forEach(segment -> kept.add(segment.number()));
    long bytes = 0;
    for (String name : home.disk.list(home.journal)) {
      if (Home.isSegment(name) && !kept.contains(Home.number(name))) {
        try (DiskFile file = home.disk.open(home.journal.resolve(name))) {
          bytes += file.size();
        }
        home.disk.rename(home.journal.resolve(name), folder.resolve(name));
      }
    }
    home.disk.forceDirectory(folder);
    home.disk.forceDirectory(home.journal);
    return bytes;
  }

  /** The wanted part of a frame that held more becomes a frame of its own, in the same place; returns its length. */
  private long writeKept(Segment last) throws IOException {
    if (kept.isEmpty()) {
      return 0;
    }
    Batch batch = Batch.ofRecords();
    batch.add(kept, Batch.bodyOf(kept));
    new FrameWriter().write(last, cutAt, batch, cutCrc);
    last.file().force();
    return Frame.length(batch.body);
  }

  private static final class Kept extends Record {
    Kept(long revision, byte[] bytes) {
      super(revision, bytes);
    }

    @Override
    protected void placed(int segment, int offset) {}
  }
}
