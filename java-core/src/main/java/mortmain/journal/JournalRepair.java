package mortmain.journal;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
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
      if (walk.revision() > revision) {
        break;
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
    List<Manifest.Listed> found = new ArrayList<>();
    for (String name : home.disk.list(home.journal)) {
      if (Home.isSegment(name)) {
        try (DiskFile file = home.disk.open(home.journal.resolve(name))) {
          found.add(new Manifest.Listed(Home.number(name), file.size()));
        }
      }
    }
    if (found.isEmpty()) {
      throw new JournalDamaged(Home.MANIFEST, 0, 1, JournalDamaged.UNKNOWN, "it cannot be read, and there is no segment");
    }
    return found;
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
    long moved = moveLater(last.number(), folder);
    long clean = cutAt + writeKept(last);
    Tail.zero(last, clean, Math.max(clean, end));
    return new RepairReport(lastKept, last.number(), cutAt, end - cutAt + moved, folder);
  }

  private long moveLater(int last, Path folder) throws IOException {
    long bytes = 0;
    for (String name : home.disk.list(home.journal)) {
      if (Home.isSegment(name) && Home.number(name) > last) {
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
