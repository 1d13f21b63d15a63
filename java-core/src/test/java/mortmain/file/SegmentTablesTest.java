package mortmain.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import mortmain.file.SegmentTable.Row;
import mortmain.model.Change;
import mortmain.model.Event;
import mortmain.model.Key;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** 120,000 versions of one key over 300 sealed segments are searched, never scanned. */
class SegmentTablesTest {
  private static final int SEGMENTS = 300;
  private static final int EACH = 400;
  private static final Key HOT = Key.of("hot");
  private final Map<Integer, byte[]> footers = new HashMap<>();
  private int reads;
  private final SegmentTables tables = new SegmentTables((segment, offset, into) -> {
    reads++;
    System.arraycopy(footers.get(segment), offset, into, 0, into.length);
  });

  @BeforeEach
  void fill() {
    for (int segment = 1; segment <= SEGMENTS; segment++) {
      OpenTable open = new OpenTable(segment);
      for (int i = 1; i <= EACH; i++) {
        long version = (segment - 1L) * EACH + i;
        List<Change> changes = new ArrayList<>(List.of(change(HOT, version)));
        if (i <= 50) {
          changes.add(change(Key.of("of segment " + segment + "/" + i), 1));
        }
        open.add(new Event.Committed(2 * version, 0, "id", 0, 0, "w", Map.of(), changes), i);
      }
      footers.put(segment, open.toFooter());
      tables.found(segment, 0, footers.get(segment));
    }
  }

  private static Change change(Key key, long version) {
    return new Change(key, new Change.Deleted(), version, 0, 0, null, null, false, false);
  }

  private int readsOf(Runnable search) {
    int before = reads;
    search.run();
    return reads - before;
  }

  @Test
  void aVersionIsFoundByHalving() {
    Random random = new Random(3);
    for (int i = 0; i < 200; i++) {
      long version = 1L + random.nextInt(SEGMENTS * EACH);
      int used = readsOf(() -> {
        Row row = tables.search(HOT).version(version);
        assertEquals(new Row(version, 2 * version, 1 + (int) ((version - 1) / EACH), 1 + (int) ((version - 1) % EACH)), row);
      });
      assertTrue(used <= 250, () -> used + " reads");
    }
    assertNull(tables.search(HOT).version(0));
    assertNull(tables.search(HOT).version(SEGMENTS * EACH + 1L));
  }

  @Test
  void theNewestVersionsAreReadFromTheNewestSegmentAlone() {
    int used = readsOf(() -> {
      List<Row> rows = tables.search(HOT).newest(Long.MAX_VALUE, 20);
      assertEquals(20, rows.size());
      assertEquals(SEGMENTS * EACH, rows.get(0).version());
    });
    assertTrue(used <= 30, () -> used + " reads");
    List<Row> across = tables.search(HOT).newest(EACH + 3, 5);
    assertEquals(List.of(EACH + 2L, EACH + 1L, (long) EACH, EACH - 1L, EACH - 2L), across.stream().map(Row::version).toList());
  }

  @Test
  void aRevisionIsFoundInItsSegment() {
    for (long version : List.of(1L, 399L, 400L, 401L, 60_000L, 120_000L)) {
      int used = readsOf(() -> assertEquals(version, tables.search(HOT).atRevision(2 * version + 1).version()));
      assertTrue(used <= 40, () -> used + " reads");
    }
    assertNull(tables.search(HOT).atRevision(1));
  }

  @Test
  void aRareKeyCostsAlmostNothingWhereItIsNot() {
    int used = readsOf(() -> {
      assertEquals(7, tables.search(Key.of("of segment 7/13")).version(1).segment());
      assertNull(tables.search(Key.of("nowhere")).version(1));
    });
    assertTrue(used <= 300, () -> used + " reads");
  }
}
