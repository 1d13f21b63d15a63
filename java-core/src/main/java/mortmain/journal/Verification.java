package mortmain.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
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
  private final Journal.Between between;

  Verification() {
    this(null);
  }

  /** {@code replay}: sees every record, or null. */
  Verification(Journal.Replay replay) {
    this(replay, read -> { });
  }

  /** {@code between}: called behind each frame. */
  Verification(Journal.Replay replay, Journal.Between between) {
    this.replay = replay;
    this.between = between;
  }

  /** CRC of the last frame that was walked over. */
  int lastCrc() {
    return lastCrc;
  }

  VerifyReport run(Log.Live live) throws IOException {
    Walk before = null;
    List<Segment> segments = live.segments();
    for (Segment segment : segments) {
      String name = Home.relative(segment.number());
      if (!segment.equals(Segment.read(segment.file(), segment.number()))) {
        throw new JournalDamaged(name, 0, last + 1, JournalDamaged.UNKNOWN, "its header is not what it was");
      }
      boolean open = segment.equals(live.end().segment());
      if (before != null && (segment.previousCrc() != before.linkCrc() || segment.previousRevision() != before.linkRevision())) {
        throw notContinued(before, name);
      }
      Walk walk = new Walk(segment);
      Footer footer = open ? null : Footer.find(segment);
      walk(walk, open ? live.end().position() : footer == null ? segment.size() : footer.offset());
      if (open) {
        requireEnd(walk, live.end().position(), name);
      } else {
        requireSealed(walk, footer);
      }
      before = walk;
    }
    return new VerifyReport(segments.size(), frames, records, bytes, first, last);
  }

  /** One segment that takes no more frames, and that others may rewrite meanwhile; {@code next}: the one behind it. */
  void runSealed(Segment segment, Segment next) throws IOException {
    String name = Home.relative(segment.number());
    if (!segment.equals(Segment.read(segment.file(), segment.number()))) {
      throw new JournalDamaged(name, 0, segment.previousRevision() + 1, JournalDamaged.UNKNOWN, "its header is not what it was");
    }
    Walk walk = new Walk(segment);
    Footer footer = Footer.find(segment);
    walk(walk, footer == null ? segment.size() : footer.offset());
    requireSealed(walk, footer);
    if (next.previousCrc() != walk.linkCrc() || next.previousRevision() != walk.linkRevision()) {
      throw notContinued(walk, Home.relative(next.number()));
    }
  }

  /** The records are complete, and the footer is one of theirs; a footer that was never written is made at the next open. */
  private void requireSealed(Walk walk, Footer footer) throws IOException {
    Segment segment = walk.segment();
    Recovery.requireWhole(walk);
    if (footer != null) {
      Recovery.requireOfThisSegment(footer, walk);
      Recovery.requireCleanEnd(walk, footer.offset());
    } else if (!walk.window().zero(walk.position(), segment.size())) {
      throw new JournalDamaged(Home.relative(segment.number()), walk.position(), walk.revision() + 1, walk.revision() + 1,
          walk.fault() == null ? "its footer is damaged; no record depends on it, and the next start makes it again" : walk.fault());
    }
  }

  private JournalDamaged notContinued(Walk before, String next) {
    String name = Home.relative(before.segment().number());
    return new JournalDamaged(name, before.position(), last + 1, JournalDamaged.UNKNOWN,
        before.fault() == null ? next + " continues another frame" : before.fault());
  }

  private void walk(Walk walk, long limit) throws IOException {
    Holes holes = new Holes(walk.revision());
    while (walk.next(limit)) {
      requireHoles(walk, holes);
      frames++;
      records += walk.frameRecords();
      bytes += walk.frameLength();
      first = first == 0 ? walk.frameFirst() : first;
      last = walk.revision();
      lastCrc = walk.crc();
      if (replay != null) {
        walk.replay(replay);
      }
      between.read(walk.frameLength());
    }
  }

  /** A rewritten segment says which revisions are not in it: exactly those are not. */
  private static void requireHoles(Walk walk, Holes holes) throws IOException {
    if (walk.frameIsHoles()) {
      if (!walk.frameBody().equals(ByteBuffer.wrap(holes.upTo(walk.linkRevision())))) {
        throw new JournalDamaged(Home.relative(walk.segment().number()), walk.frameStart(), walk.revision() + 1, walk.linkRevision(),
            "the revisions that it says were dropped are not those that are missing");
      }
    } else if (walk.segment().rewritten() != null) {
      walk.replay((segment, offset, revision, bytes) -> holes.present(revision));
    }
  }

  private static void requireEnd(Walk walk, long end, String name) throws IOException {
    if (walk.position() != end) {
      throw new JournalDamaged(name, walk.position(), walk.revision() + 1, JournalDamaged.UNKNOWN,
          walk.fault() == null ? "forced frames are gone" : walk.fault());
    }
  }
}
