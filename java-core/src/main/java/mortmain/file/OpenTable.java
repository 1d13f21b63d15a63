package mortmain.file;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import mortmain.model.Change;
import mortmain.model.Event;
import mortmain.model.Key;

/** The table of a segment whose footer is not on disk, in memory. Thread-safe. */
final class OpenTable implements SegmentTable {
  private final int segment;
  private final Map<Key, KeyLog> keys = new HashMap<>();
  private final List<PrefixTaking> prefixes = new ArrayList<>(0);
  private long firstRevision = Long.MAX_VALUE;
  /** Bytes of the keys' blocks and of the prefixes in the footer. */
  private long blocks;

  OpenTable(int segment) {
    this.segment = segment;
  }

  /** Adds what an event did, in order. */
  synchronized void add(Event event, int offset) {
    firstRevision = Math.min(firstRevision, event.revision());
    if (event instanceof Event.Committed committed) {
      for (Change change : committed.changes()) {
        if (!(change.content() instanceof Change.Kept || change.content() instanceof Change.Dropped)) {
          log(change.key()).add(change.version(), event.revision(), offset);
          blocks += FooterCodec.ROW;
        }
      }
    } else if (event instanceof Event.Reclaimed reclaimed && reclaimed.prefix() != null) {
      PrefixTaking taking = FooterCodec.prefixTaking(reclaimed);
      prefixes.add(taking);
      blocks += FooterCodec.length(taking);
    } else if (event instanceof Event.Reclaimed reclaimed) {
      for (Event.Taken taken : reclaimed.keys()) {
        log(taken.key()).takings.add(new Taking(event.revision(), taken.epoch()));
        blocks += FooterCodec.TAKING;
      }
    } else if (claimed(event) != null) {
      log(claimed(event)); // without a row: compaction must know where events of a key lie
    }
  }

  private static Key claimed(Event event) {
    if (event instanceof Event.ClaimGranted granted) {
      return granted.key();
    } else if (event instanceof Event.ClaimRenewed renewed) {
      return renewed.key();
    }
    return event instanceof Event.ClaimReleased released ? released.key() : null;
  }

  private KeyLog log(Key key) {
    KeyLog log = keys.get(key);
    if (log == null) {
      log = new KeyLog();
      keys.put(key, log);
      blocks += FooterCodec.KEY + key.utf8().length;
    }
    return log;
  }

  /** Bytes of the footer's content, with this event too at most. */
  synchronized long roomWith(List<Event> more) {
    long bytes = blocks;
    long count = keys.size();
    for (Event event : more) {
      if (event instanceof Event.Committed committed) {
        for (Change change : committed.changes()) {
          boolean known = keys.containsKey(change.key());
          count += known ? 0 : 1;
          bytes += FooterCodec.ROW + (known ? 0 : FooterCodec.KEY + change.key().utf8().length);
        }
      } else if (event instanceof Event.Reclaimed reclaimed) {
        bytes += reclaimed.prefix() == null ? 0 : FooterCodec.length(FooterCodec.prefixTaking(reclaimed));
        for (Event.Taken taken : reclaimed.keys()) {
          count++;
          bytes += FooterCodec.TAKING + FooterCodec.KEY + taken.key().utf8().length;
        }
      } else if (claimed(event) != null) {
        count++;
        bytes += FooterCodec.KEY + claimed(event).utf8().length;
      }
    }
    return FooterCodec.HEAD + 8L * Bloom.words(count) + bytes;
  }

  synchronized byte[] toFooter() {
    TreeMap<Key, Rows> sorted = new TreeMap<>();
    keys.forEach((key, log) -> sorted.put(key, log.view()));
    return FooterCodec.encode(sorted, prefixes, firstRevision);
  }

  @Override
  public synchronized long firstRevision() {
    return firstRevision;
  }

  @Override
  public synchronized boolean mayHave(Key key) {
    return keys.containsKey(key);
  }

  @Override
  public synchronized Rows rows(Key key) {
    KeyLog log = keys.get(key);
    return log == null ? null : log.view();
  }

  @Override
  public synchronized List<PrefixTaking> prefixTakings() {
    return List.copyOf(prefixes);
  }

  /** Grows at its end only, so that a view stays what it was. */
  private final class KeyLog {
    private long[] numbers = new long[2];
    private int[] offsets = new int[1];
    private int count;
    private final List<Taking> takings = new ArrayList<>(0);

    void add(long version, long revision, int offset) {
      if (count == offsets.length) {
        offsets = Arrays.copyOf(offsets, 2 * count);
        numbers = Arrays.copyOf(numbers, 4 * count);
      }
      numbers[2 * count] = version;
      numbers[2 * count + 1] = revision;
      offsets[count++] = offset;
    }

    Rows view() {
      long[] rowNumbers = numbers;
      int[] rowOffsets = offsets;
      int rows = count;
      List<Taking> taken = List.copyOf(takings);
      return new Rows() {
        @Override
        public int count() {
          return rows;
        }

        @Override
        public Row row(int index) {
          return new Row(rowNumbers[2 * index], rowNumbers[2 * index + 1], segment, rowOffsets[index]);
        }

        @Override
        public List<Taking> takings() {
          return taken;
        }
      };
    }
  }
}
