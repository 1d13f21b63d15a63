package mortmain.journal;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Segments that were rewritten and are on no list any more. Their files stay until every place in them was told where it is now, and nobody
 * reads who began before. Thread-safe.
 */
final class Retired {
  private record Run(List<Segment> segments, long era) {}

  private final Home home;
  private final Holds holds;
  private final Deque<Run> moving = new ArrayDeque<>();
  private final Deque<Run> waiting = new ArrayDeque<>();

  Retired(Home home, Holds holds) {
    this.home = home;
    this.holds = holds;
  }

  synchronized void add(List<Segment> run) {
    moving.add(new Run(List.copyOf(run), -1));
  }

  /** Every place in what was retired so far was told. */
  synchronized void moved() {
    long era = holds.endEra();
    while (!moving.isEmpty()) {
      waiting.add(new Run(moving.remove().segments(), era));
    }
  }

  synchronized Segment find(int number) {
    for (Segment segment : all()) {
      if (segment.number() == number) {
        return segment;
      }
    }
    return null;
  }

  synchronized List<Segment> all() {
    List<Segment> all = new ArrayList<>();
    moving.forEach(run -> all.addAll(run.segments()));
    waiting.forEach(run -> all.addAll(run.segments()));
    return all;
  }

  synchronized long bytes() {
    return all().stream().mapToLong(Segment::size).sum();
  }

  /**
   * Removes what nobody reads any more. The first file of a run goes durably before the others: whoever must do without MANIFEST tells by it
   * that the run was replaced.
   */
  void removeUnread() throws IOException {
    while (true) {
      Run run;
      synchronized (this) {
        run = waiting.peek();
        if (run == null || !holds.areNoneOf(run.era())) {
          return;
        }
        waiting.remove();
      }
      for (int i = 0; i < run.segments().size(); i++) {
        Segment segment = run.segments().get(i);
        segment.file().close();
        home.disk.delete(home.segment(segment.number()));
        if (i == 0 || i == run.segments().size() - 1) {
          home.disk.forceDirectory(home.journal);
        }
      }
    }
  }
}
