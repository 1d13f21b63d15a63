package mortmain.file;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import mortmain.file.SegmentTable.PrefixTaking;
import mortmain.file.SegmentTable.Row;
import mortmain.file.SegmentTable.Rows;
import mortmain.file.SegmentTable.Taking;
import mortmain.journal.Footers;
import mortmain.journal.Record;
import mortmain.model.Event;
import mortmain.model.Key;

/**
 * Where every version of every key lies: one table per segment. Tables come from footers, or are made from the records that are placed or
 * replayed. Thread-safe; revisions behind the durable one are the caller's affair.
 */
@SuppressWarnings("JavaLangClash")
final class SegmentTables implements Footers {
  private record Listed(int segment, long first, SegmentTable table) {}

  private final Values.Source source;
  /** In order of revisions; replaced as a whole, under the lock of this. */
  private volatile List<Listed> tables = List.of();

  SegmentTables(Values.Source source) {
    this.source = source;
  }

  /** An event has its place; in order, by one thread at a time. */
  void placed(Event event, int segment, int offset) {
    Listed listed = find(segment);
    if (listed == null) {
      listed = new Listed(segment, event.revision(), new OpenTable(segment));
      put(List.of(segment), listed);
    }
    if (listed.table() instanceof OpenTable open) {
      open.add(event, offset);
    }
  }

  private Listed find(int segment) {
    List<Listed> now = tables;
    for (int i = now.size() - 1; i >= 0; i--) { // most often the last one
      if (now.get(i).segment() == segment) {
        return now.get(i);
      }
    }
    return null;
  }

  private synchronized void put(Collection<Integer> instead, Listed listed) {
    List<Listed> next = new ArrayList<>(tables);
    next.removeIf(each -> instead.contains(each.segment()));
    if (listed != null) {
      next.add(listed);
      next.sort(Comparator.comparingLong(Listed::first));
    }
    tables = List.copyOf(next);
  }

  /** The table of one segment instead of those of a run that it replaces. */
  void replace(Collection<Integer> run, int segment, int offset, byte[] content) {
    FooterTable table = offset == 0 ? null : FooterTable.of(source, segment, offset, content);
    put(run, table == null || table.firstRevision() == Long.MAX_VALUE ? null : new Listed(segment, table.firstRevision(), table));
  }

  /** Whether an event of the key may lie in front of a revision. */
  boolean mayHaveBefore(Key key, long revision) {
    for (Listed listed : tables) {
      if (listed.first() >= revision) {
        return false;
      } else if (listed.table().mayHave(key)) {
        return true;
      }
    }
    return false;
  }

  @Override
  public long room(int segment, List<Record> more) {
    OpenTable table = open(segment);
    List<Event> events = new ArrayList<>(more.size());
    for (Record record : more) {
      events.add(((EventRecord) record).coded().event());
    }
    return table.roomWith(events);
  }

  private OpenTable open(int segment) {
    Listed listed = find(segment);
    return listed != null && listed.table() instanceof OpenTable open ? open : new OpenTable(segment);
  }

  @Override
  public byte[] content(int segment) {
    return open(segment).toFooter();
  }

  @Override
  public void found(int segment, int offset, byte[] content) {
    FooterTable table = FooterTable.of(source, segment, offset, content);
    if (table != null && table.firstRevision() < Long.MAX_VALUE) {
      put(List.of(segment), new Listed(segment, table.firstRevision(), table));
    }
  }

  @Override
  public boolean knows(int segment) {
    return find(segment) != null;
  }

  /** A search for versions of one key, newest segments first; it remembers what it looked up. For one thread. */
  Search search(Key key) {
    return new Search(key);
  }

  final class Search {
    private final Key key;
    /** The segments that may hold the key, newest first. */
    private final List<SegmentTable> candidates = new ArrayList<>();
    private final List<Rows> looked = new ArrayList<>();

    private Search(Key key) {
      this.key = key;
      List<Listed> all = tables;
      for (int i = all.size() - 1; i >= 0; i--) {
        if (all.get(i).table().mayHave(key)) {
          candidates.add(all.get(i).table());
          looked.add(null);
        }
      }
    }

    /** The rows of a candidate; null, and it is one no more, when it holds no version after all. */
    private Rows rows(int candidate, boolean takingsToo) {
      Rows rows = looked.get(candidate);
      if (rows == null) {
        rows = candidates.get(candidate).rows(key);
        looked.set(candidate, rows);
      }
      return rows == null || (rows.count() == 0 && !takingsToo) ? null : rows;
    }

    /** The row of a version, or null. */
    Row version(long version) {
      List<Integer> left = new ArrayList<>(candidates.size());
      for (int i = 0; i < candidates.size(); i++) {
        left.add(i);
      }
      int low = 0;
      for (int high = left.size() - 1; low <= high; ) {
        int middle = (low + high) >>> 1;
        Rows rows = rows(left.get(middle), false);
        if (rows == null) {
          left.remove(middle);
          high--;
        } else if (version > rows.row(rows.count() - 1).version()) {
          high = middle - 1;
        } else if (version < rows.row(0).version()) {
          low = middle + 1;
        } else {
          Row row = rows.row(rows.upToVersion(version) - 1);
          return row.version() == version ? row : null;
        }
      }
      return null;
    }

    /** The newest row at or below a revision, or null. */
    Row atRevision(long revision) {
      for (int i = 0; i < candidates.size(); i++) {
        Rows rows = candidates.get(i).firstRevision() > revision ? null : rows(i, false);
        int count = rows == null ? 0 : rows.upToRevision(revision);
        if (count > 0) {
          return rows.row(count - 1);
        }
      }
      return null;
    }

    /** At most so many rows with a version below {@code before}, newest first. */
    List<Row> newest(long before, int limit) {
      List<Row> found = new ArrayList<>();
      for (int i = 0; i < candidates.size() && found.size() < limit; i++) {
        Rows rows = rows(i, false);
        for (int row = rows == null ? 0 : rows.upToVersion(before - 1); row > 0 && found.size() < limit; row--) {
          found.add(rows.row(row - 1));
        }
      }
      return found;
    }

    /** The key's epoch at a revision; {@code row} is its newest version by then and {@code epoch} the one that it was committed under. */
    long epochAt(long revision, Row row, long epoch) {
      long since = row == null ? 0 : row.revision();
      long known = row == null ? 0 : epoch;
      for (int i = 0; i < candidates.size(); i++) {
        Rows rows = candidates.get(i).firstRevision() > revision ? null : rows(i, true);
        for (Taking taking : rows == null ? List.<Taking>of() : rows.takings()) {
          if (taking.revision() > since && taking.revision() <= revision) {
            since = taking.revision();
            known = taking.epoch();
          }
        }
        if (row != null && candidates.get(i).firstRevision() <= row.revision()) {
          break;
        }
      }
      return known + prefixTakings(since, revision);
    }

    private long prefixTakings(long after, long upTo) {
      long count = 0;
      for (Listed listed : tables) {
        for (PrefixTaking taking : listed.table().prefixTakings()) {
          count += taking.revision() > after && taking.revision() <= upTo && key.startsWith(taking.prefix()) ? 1 : 0;
        }
      }
      return count;
    }
  }
}
