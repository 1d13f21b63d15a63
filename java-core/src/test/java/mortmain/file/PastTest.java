package mortmain.file;

import static java.nio.charset.StandardCharsets.UTF_8;
import static mortmain.Request.by;
import static mortmain.Request.key;
import static mortmain.Request.reclaim;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import mortmain.Request;
import mortmain.Store;
import mortmain.disk.RealDisk;
import mortmain.journal.JournalOptions;
import mortmain.model.ErrorCode;
import mortmain.model.HistoryRequest;
import mortmain.model.Key;
import mortmain.model.KeyEvent;
import mortmain.model.KeyEvents;
import mortmain.model.Limits;
import mortmain.model.MortmainException;
import mortmain.model.ReadOptions;
import mortmain.model.Reading;
import mortmain.model.Receipt;
import mortmain.model.Snapshot;
import mortmain.model.WatchRequest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What was, over many small segments and restarts, against what reads said at the time. */
class PastTest {
  private static final ReadOptions WHOLE = new ReadOptions(-1, -1, true, false);
  @TempDir Path directory;
  private Store store;

  @BeforeEach
  void open() throws IOException {
    JournalOptions options = JournalOptions.defaults().segments(4096, 65536);
    store = new Store(FileEngineProvider.open(new RealDisk(), directory, options, Limits.DEFAULT, Clocks.system(), () -> { }));
  }

  @AfterEach
  void close() {
    store.close();
  }

  private void restart() throws IOException {
    store.close();
    open();
  }

  private Snapshot now(String name) {
    return store.read(List.of(key(name)), ReadOptions.NEWEST).snapshots().get(0);
  }

  private Snapshot version(String name, long version) {
    return store.readVersion(key(name), version, WHOLE).snapshots().get(0);
  }

  private Snapshot at(String name, long revision) {
    return store.read(List.of(key(name)), new ReadOptions(revision, -1, true, false)).snapshots().get(0);
  }

  private static String state(Snapshot snap, boolean epoch) {
    String value = snap.value() == null ? "none" : new String(snap.value().bytes(), UTF_8);
    return snap.exists() + " " + snap.version() + " " + snap.tag() + " " + snap.revision() + " " + snap.writer() + " " + snap.committedAt() + " "
        + snap.contentType() + (epoch ? " epoch " + snap.epoch() : "") + " " + snap.meta() + " " + value;
  }

  /** The writes, in random order, over a few keys; remembers what reads say after each. */
  private final class Workload {
    final Random random = new Random(7);
    final Map<String, List<String>> byVersion = new HashMap<>();
    final List<Map<String, String>> byRevision = new ArrayList<>();
    final List<Long> revisions = new ArrayList<>();
    final List<String> names = List.of("a", "dir/b", "dir/c", "dir/sub/d", "list");

    void step(int i) {
      String name = names.get(random.nextInt(names.size()));
      Snapshot before = now(name);
      switch (random.nextInt(12)) {
        case 0 -> store.reclaim(reclaim(name, null, null));
        case 1 -> store.reclaim(reclaim(null, random.nextBoolean() ? "dir/" : "", null));
        case 2 -> {
          if (before.exists()) {
            commit(by("w" + i).on(before).delete(name));
          }
        }
        case 3 -> commit(by("w" + i).on(before).put(name, "[" + i + ", 1]"));
        case 4 -> commit(by("w" + i).on(before).put(name, "{\"n\":" + i + "}"));
        default -> {
          boolean list = !before.exists() || new String(before.value().bytes(), UTF_8).startsWith("[");
          if (list) {
            commit(by("w" + i).append(name, "\"item " + i + "\"", "{\"i\":[" + i + "]}"));
          }
        }
      }
      remember(name, store.durableRevision());
    }

    private void remember(String written, long revision) {
      Snapshot snap = now(written);
      List<String> versions = byVersion.computeIfAbsent(written, name -> new ArrayList<>());
      while (versions.size() < snap.version()) {
        versions.add(state(snap, false));
      }
      Map<String, String> states = new HashMap<>();
      names.forEach(name -> states.put(name, state(now(name), true)));
      byRevision.add(states);
      revisions.add(revision);
    }

    void check() {
      byVersion.forEach((name, versions) -> {
        for (int i = 0; i < versions.size(); i++) {
          assertEquals(versions.get(i), state(version(name, i + 1), false), name + " version " + (i + 1));
        }
      });
      for (int i = 0; i < revisions.size(); i++) {
        for (String name : names) {
          if (i + 1 == revisions.size() || revisions.get(i) < revisions.get(i + 1)) {
            assertEquals(byRevision.get(i).get(name), state(at(name, revisions.get(i)), true), name + " at " + revisions.get(i));
          }
        }
        if (i % 7 == 0 && (i + 1 == revisions.size() || revisions.get(i) < revisions.get(i + 1))) {
          scans(i);
        }
      }
    }

    /** Whole, and page by page: a page may lie among keys that did not exist then. */
    private void scans(int i) {
      Map<String, String> existed = new TreeMap<>(byRevision.get(i));
      existed.values().removeIf(state -> state.startsWith("false"));
      for (int limit : List.of(1000, 2, 1)) {
        Map<String, String> found = new TreeMap<>();
        Key after = null;
        boolean more = true;
        while (more) {
          Reading page = store.scan("", after, limit, new ReadOptions(revisions.get(i), -1, true, false));
          page.snapshots().forEach(snap -> found.put(snap.key().toString(), state(snap, true)));
          more = page.more();
          assertTrue(page.snapshots().size() == limit || !more, "a page that is not full");
          after = more ? page.snapshots().get(limit - 1).key() : null;
        }
        assertEquals(existed, found, "at " + revisions.get(i) + " by " + limit);
      }
    }
  }

  private Receipt commit(Request request) {
    return store.commit(request.commit());
  }

  @Test
  void everyVersionAndRevisionReadsAsItDidThenOverSegmentsAndRestarts() throws IOException {
    Workload workload = new Workload();
    for (int round = 0; round < 3; round++) {
      for (int i = 0; i < 300; i++) {
        workload.step(round * 300 + i);
      }
      workload.check();
      restart();
      workload.check();
    }
  }

  /** 64 appends make a chunk, 4096 a bigger one: versions beside and inside of them. */
  @Test
  void aGrowingListReadsAsItWasAtVersionsAroundItsChunks() throws IOException {
    StringBuilder all = new StringBuilder("[0");
    commit(by("w").create("list", "[0]"));
    List<Integer> ends = new ArrayList<>(List.of(0, all.length()));
    for (int i = 1; i <= 4300; i++) {
      commit(by("w").append("list", Integer.toString(i)));
      ends.add(all.append(',').append(i).length());
    }
    commit(by("w").on(now("list")).put("list", "{}"));
    restart();
    for (long version : List.of(1L, 2L, 3L, 64L, 65L, 66L, 67L, 128L, 129L, 130L, 2000L, 4095L, 4096L, 4097L, 4098L, 4160L, 4300L, 4301L)) {
      Snapshot snap = version("list", version);
      assertEquals(all.substring(0, ends.get((int) version)) + "]", Request.text(snap), "version " + version);
      Snapshot last = store.readVersion(key("list"), version, new ReadOptions(-1, 2, true, false)).snapshots().get(0);
      assertTrue(last.partial());
      assertEquals(version == 1 ? "[0]" : "[" + (version - 2) + "," + (version - 1) + "]", Request.text(last));
    }
    assertEquals("{}", Request.text(version("list", 4302)));
  }

  @Test
  void aListThatGrewAfterADeleteDoesNotBringTheOldOneBack() throws IOException {
    commit(by("w").append("k", "1"));
    commit(by("w").on(now("k")).delete("k"));
    commit(by("w").append("k", "2"));
    commit(by("w").append("k", "3"));
    restart();
    assertEquals("[1]", Request.text(version("k", 1)));
    assertFalse(version("k", 2).exists());
    assertEquals("[2]", Request.text(version("k", 3)));
    assertEquals("[2,3]", Request.text(version("k", 4)));
  }

  @Test
  void aVersionThatNeverWasIsInvalidAndOneOfAnAbsentKeyToo() {
    commit(by("w").create("k", "1"));
    for (long never : List.of(0L, 2L, Long.MAX_VALUE)) {
      MortmainException refused = assertThrows(MortmainException.class, () -> version("k", never));
      assertEquals(ErrorCode.INVALID, refused.code());
      assertEquals("version", refused.rejection().failures().get(0).details().get("field"));
    }
    assertThrows(MortmainException.class, () -> version("absent", 1));
  }

  @Test
  void historyIsNewestFirstWithoutReclaimsAndPagesWithoutGaps() throws IOException {
    Workload workload = new Workload();
    for (int i = 0; i < 400; i++) {
      workload.step(i);
    }
    for (boolean restarted : List.of(false, true)) {
      for (String name : workload.names) {
        List<Long> versions = new ArrayList<>();
        long before = 0;
        boolean more = true;
        while (more) {
          KeyEvents page = store.history(new HistoryRequest(key(name), before, 7, true));
          for (KeyEvent event : page.events()) {
            versions.add(event.version());
            assertFalse(event.kind() == KeyEvent.Kind.RECLAIM);
            Snapshot then = version(name, event.version());
            assertEquals(then.revision(), event.revision());
            assertEquals(then.exists(), event.kind() != KeyEvent.Kind.DELETE);
            assertEquals(event.kind() == KeyEvent.Kind.DELTA, event.before() >= 0);
          }
          more = page.more();
          before = page.events().isEmpty() ? 0 : page.events().get(page.events().size() - 1).version();
        }
        List<Long> expected = new ArrayList<>();
        for (long v = now(name).version(); v > 0; v--) {
          expected.add(v);
        }
        assertEquals(expected, versions, name);
      }
      if (!restarted) {
        restart();
      }
    }
  }

  private KeyEvents watch(String prefix, long after, int limit) {
    return store.watch(new WatchRequest(prefix, after, limit, true, 0, null));
  }

  @Test
  void aWatchSeesEveryEventOnceInOrderWhateverThePageSize() throws IOException {
    Workload workload = new Workload();
    for (int i = 0; i < 300; i++) {
      workload.step(i);
    }
    restart();
    List<String> expected = null;
    for (int limit : List.of(10_000, 1, 7)) {
      List<String> seen = new ArrayList<>();
      long after = 0;
      KeyEvents page;
      do {
        page = watch("dir/", after, limit);
        page.events().forEach(event -> seen.add(event.kind() + " " + event.key() + " " + event.version() + " " + event.revision()));
        assertTrue(page.revision() >= after);
        after = page.revision();
      } while (page.more());
      assertEquals(after, store.durableRevision());
      expected = expected == null ? seen : expected;
      assertEquals(expected, seen);
    }
    assertTrue(expected.stream().anyMatch(event -> event.startsWith("RECLAIM null 0")), "of a prefix");
    for (String name : List.of("dir/b", "dir/c", "dir/sub/d")) {
      List<String> versions = new ArrayList<>();
      for (KeyEvent event : store.history(new HistoryRequest(key(name), 0, 10_000, false)).events()) {
        versions.add(event.kind() + " " + event.key() + " " + event.version() + " " + event.revision());
      }
      Collections.reverse(versions);
      assertEquals(versions, expected.stream().filter(event -> event.contains(" " + name + " ") && !event.startsWith("RECLAIM")).toList());
    }
  }

  @Test
  void aCommitOfSeveralKeysIsNeverCutByALimit() {
    commit(by("w").create("a", "1").create("b", "2").create("c", "3"));
    commit(by("w").create("d", "4"));
    KeyEvents page = watch("", 0, 1);
    assertEquals(List.of("a", "b", "c"), page.events().stream().map(event -> event.key().toString()).toList());
    assertTrue(page.more());
    assertEquals("d", watch("", page.revision(), 1).events().get(0).key().toString());
  }

  @Test
  void aWatcherHearsOfACommitThatComesWhileItWaits() throws InterruptedException {
    long after = store.durableRevision();
    List<KeyEvents> heard = Collections.synchronizedList(new ArrayList<>());
    Thread watcher = new Thread(() -> heard.add(store.watch(new WatchRequest("k/", after, 10, false, 30_000_000_000L, null))));
    watcher.start();
    commit(by("w").create("other", "1"));
    commit(by("w").create("k/x", "1"));
    watcher.join(20_000);
    assertEquals("k/x", heard.get(0).events().get(0).key().toString());
  }

  /** Whoever forces a frame, also the thread that leads when callers are busy, wakes those who watch. */
  @Test
  void aWatcherFollowsManyWritersToTheirLastCommit() throws InterruptedException {
    long after = store.durableRevision();
    List<Thread> writers = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      String name = "k/" + i;
      writers.add(new Thread(() -> {
        for (int n = 0; n < 50; n++) {
          commit(by("w").append(name, "1"));
        }
      }));
    }
    writers.forEach(Thread::start);
    int seen = 0;
    while (seen < 400) {
      KeyEvents page = store.watch(new WatchRequest("k/", after, 1000, false, 20_000_000_000L, null));
      assertFalse(page.events().isEmpty(), "nobody woke the watcher after " + seen + " events");
      seen += page.events().size();
      after = page.revision();
    }
    for (Thread writer : writers) {
      writer.join();
    }
    assertEquals(400, seen);
  }

  @Test
  void aWatcherOfAnotherStoreOrOfTheFutureIsTold() {
    WatchRequest other = new WatchRequest("", 0, 1, false, 0, "another");
    assertEquals(ErrorCode.STORE_CHANGED, assertThrows(MortmainException.class, () -> store.watch(other)).code());
    assertEquals(ErrorCode.STORE_CHANGED, assertThrows(MortmainException.class, () -> watch("", 1_000, 1)).code());
  }

  @Test
  void aKeyThatABloomFilterMistakesForOneOfItsOwnHasNoHistoryThere() {
    long[] words = new long[Bloom.words(100)];
    for (int i = 0; i < 100; i++) {
      Bloom.add(words, Key.of("key " + i));
    }
    int mistaken = 0;
    for (int i = 0; i < 10_000; i++) {
      mistaken += Bloom.mayHave(words, Key.of("other " + i)) ? 1 : 0;
    }
    assertTrue(mistaken > 0 && mistaken < 500, mistaken + " of 10000");
    for (int i = 0; i < 100; i++) {
      assertTrue(Bloom.mayHave(words, Key.of("key " + i)));
    }
    byte[] content = new OpenTable(1).toFooter();
    FooterTable empty = FooterTable.of((segment, offset, into) -> System.arraycopy(content, offset, into, 0, into.length), 1, 0, content);
    assertFalse(empty.mayHave(Key.of("a")));
    assertEquals(0, Arrays.stream(new long[Bloom.words(0)]).sum());
  }
}
