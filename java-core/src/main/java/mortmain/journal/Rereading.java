package mortmain.journal;

import java.io.IOException;
import java.util.List;

/** One pass over forced records behind a revision, while others go on writing. Used once, by one thread. */
final class Rereading {
  private final Log log;
  private final long after;
  private long reached;
  private boolean enough;

  Rereading(Log log, long after) {
    this.log = log;
    this.after = after;
    this.reached = after;
  }

  long run(Journal.Reader reader) throws IOException {
    Log.Live live = log.live();
    List<Segment> segments = live.segments();
    for (int i = first(segments); i < segments.size() && !enough; i++) {
      Segment segment = segments.get(i);
      boolean open = i == segments.size() - 1;
      Waypoints.Place from = log.waypoints().before(segment.number(), after);
      Walk walk = from == null ? new Walk(segment) : new Walk(segment, from);
      read(walk, open ? live.end().position() : limit(segment), reader);
      if (!enough && !(open ? walk.position() == live.end().position() : isWhole(walk, segments.get(i + 1)))) {
        throw damaged(walk);
      }
    }
    return reached;
  }

  private static long limit(Segment segment) {
    return segment.rewritten() == null ? segment.size() : segment.rewritten().end();
  }

  private static boolean isWhole(Walk walk, Segment next) {
    return walk.isWhole() && next.previousRevision() == walk.linkRevision();
  }

  /** The last segment that can hold the next revision. */
  private int first(List<Segment> segments) {
    int low = 0;
    for (int high = segments.size() - 1; low < high; ) {
      int middle = (low + high + 1) >>> 1;
      if (segments.get(middle).previousRevision() <= after) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  private void read(Walk walk, long limit, Journal.Reader reader) throws IOException {
    while (!enough && walk.next(limit)) {
      if (walk.revision() > after) {
        walk.replay((segment, offset, revision, bytes) -> {
          if (revision > after && !enough) {
            enough = !reader.record(segment, offset, revision, bytes);
            reached = revision;
          }
        });
      }
    }
  }

  private static JournalDamaged damaged(Walk walk) {
    return new JournalDamaged(Home.relative(walk.segment().number()), walk.position(), walk.revision() + 1, JournalDamaged.UNKNOWN,
        walk.fault() == null ? "forced frames are gone" : walk.fault());
  }
}
