package mortmain.journal;

import java.io.IOException;
import java.util.List;

/** Walks every frame up to a forced end. Used once, by one thread, while others go on writing. */
final class Verification {
  private long frames;
  private long records;
  private long bytes;
  private long first;
  private long last;
  private int lastCrc;
  private final Journal.Replay replay;

  Verification() {
    this(null);
  }

  /** {@code replay}: sees every record, or null. */
  Verification(Journal.Replay replay) {
    this.replay = replay;
  }

  /** CRC of the last frame that was walked over. */
  int lastCrc() {
    return lastCrc;
  }

  VerifyReport run(List<Segment> segments, Log.End end) throws IOException {
    Walk before = null;
    int walked = 0;
    for (Segment segment : segments) {
      if (segment.number() > end.segment().number()) {
        break;
      }
      String name = Home.relative(segment.number());
      if (!segment.equals(Segment.read(segment.file(), segment.number()))) {
        throw new JournalDamaged(name, 0, last + 1, JournalDamaged.UNKNOWN, "its header is not what it was");
      }
      boolean open = segment.number() == end.segment().number();
      if (before != null && segment.previousCrc() != before.crc()) {
        throw notContinued(before, name);
      }
      Walk walk = new Walk(segment);
      Footer footer = open ? null : Footer.find(segment);
      walk(walk, open ? end.position() : footer == null ? segment.size() : footer.offset());
      if (open) {
        requireEnd(walk, end.position(), name);
      } else if (footer != null) {
        Recovery.requireOfThisSegment(footer, walk);
        Recovery.requireCleanEnd(walk, footer.offset());
      } // else it is being written, or will be made again: the next segment tells whether the records are complete
      before = walk;
      walked++;
    }
    return new VerifyReport(walked, frames, records, bytes, first, last);
  }

  private JournalDamaged notContinued(Walk before, String next) {
    String name = Home.relative(before.segment().number());
    return new JournalDamaged(name, before.position(), last + 1, JournalDamaged.UNKNOWN,
        before.fault() == null ? next + " continues another frame" : before.fault());
  }

  private void walk(Walk walk, long limit) throws IOException {
    while (walk.next(limit)) {
      frames++;
      records += walk.frameRecords();
      bytes += walk.frameLength();
      first = first == 0 ? walk.frameFirst() : first;
      last = walk.revision();
      lastCrc = walk.crc();
      if (replay != null) {
        walk.replay(replay);
      }
    }
  }

  private static void requireEnd(Walk walk, long end, String name) throws IOException {
    if (walk.position() != end) {
      throw new JournalDamaged(name, walk.position(), walk.revision() + 1, JournalDamaged.UNKNOWN,
          walk.fault() == null ? "forced frames are gone" : walk.fault());
    }
  }
}
