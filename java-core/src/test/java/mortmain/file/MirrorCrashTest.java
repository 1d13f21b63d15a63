package mortmain.file;

import static java.nio.charset.StandardCharsets.UTF_8;
import static mortmain.Request.by;
import static mortmain.Request.claim;
import static mortmain.Request.claimId;
import static mortmain.Request.key;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import mortmain.Request;
import mortmain.Rounds;
import mortmain.disk.MemoryDisk;
import mortmain.engine.ManualClock;
import mortmain.journal.JournalOptions;
import mortmain.model.Call;
import mortmain.model.ErrorCode;
import mortmain.model.Guard;
import mortmain.model.KeyEvents;
import mortmain.model.HistoryRequest;
import mortmain.model.Limits;
import mortmain.model.MortmainException;
import mortmain.model.Mount;
import mortmain.model.ReadOptions;
import mortmain.model.Receipt;
import mortmain.model.Snapshot;
import mortmain.model.Value;
import mortmain.model.Write;
import org.junit.jupiter.api.Test;

/**
 * Power is lost, or the process dies, before every step of the disk, while keys are mounted. A file shows only what was committed, and at least
 * what was acknowledged as mirrored (until power is lost); the next start brings it to the newest version, takes nothing of ours for an edit,
 * and leaves every edit as it is.
 */
class MirrorCrashTest {
  private static final Path MIRROR = Path.of("/mirror");
  private static final String EDIT = "what somebody else wrote";
  private static final String LOSER = "loser";

  private final ManualClock clock = new ManualClock();
  private final MemoryDisk disk = new MemoryDisk();
  /** By key and version, the text; null is a delete. */
  private final Map<String, List<String>> texts = new TreeMap<>();
  private final Map<String, Long> acknowledged = new HashMap<>();
  private final Set<List<Object>> known = new HashSet<>();
  private boolean editing;
  private boolean edited;
  private final SecondCrash again = new SecondCrash(Rounds.of(10, 100), 1);
  private int images;
  private int behind;
  private int torn;
  private FileSubject subject;

  private FileSubject open(MemoryDisk on) {
    return new FileSubject(on, clock, Limits.DEFAULT, JournalOptions.defaults().segments(4096, 8192).background(Runnable::run));
  }

  private static Snapshot read(FileSubject from, String key) {
    return from.store().read(List.of(key(key)), ReadOptions.NEWEST).snapshots().get(0);
  }

  private static Write put(String key, String text) {
    return new Write.Put(key(key), new Value("text/plain", text.getBytes(UTF_8)), false);
  }

  private void commit(String... keysAndTexts) {
    Request request = by("a");
    for (int i = 0; i < keysAndTexts.length; i += 2) {
      String key = keysAndTexts[i];
      String text = keysAndTexts[i + 1];
      texts.computeIfAbsent(key, k -> new ArrayList<>()).add(text);
      request = request.on(read(subject, key)).write(text == null ? new Write.Delete(key(key), false) : put(key, text));
    }
    Receipt receipt = subject.store().commit(request.commit());
    assertEquals(subject.engine().mirroring().any() ? Boolean.TRUE : null, receipt.mirrored());
    receipt.keys().forEach(each -> acknowledged.put(each.key().toString(), each.version()));
  }

  private void loses(Request request, String key) {
    assertThrows(MortmainException.class, () -> subject.store().commit(request.write(put(key, LOSER)).commit()));
  }

  private void forces() {
    subject.engine().mirroring().pass(true);
  }

  private void edits() {
    editing = true; // from here on it may be there or not
    disk.tamper(MIRROR.resolve("a"), EDIT.getBytes(UTF_8));
    edited = true;
  }

  private void workload() {
    commit("p/a", "first");
    acknowledged.clear();
    subject.store().mirrored().mount(new Mount("p/", MIRROR.toString(), true, false), "operator");
    acknowledged.put("p/a", 1L);
    Snapshot old = read(subject, "p/a");
    commit("p/a", "second", "p/b", "b one");
    loses(by("b").on(old), "p/a");
    forces();
    long epoch = subject.store().claim(claim("p/b", claimId('a'), 60_000, 0)).claim().epoch();
    subject.store().reclaim(Request.reclaim("p/b", null, null));
    loses(by("zombie").guard(new Guard.VersionIs(key("p/b"), 1, read(subject, "p/b").tag())).through("p/b", claimId('a'), epoch), "p/b");
    commit("p/a", "x".repeat(520));
    forces();
    commit("p/a", "third");
    forces();
    commit("p/b", null);
    commit("p/b", "b again", "p/a", "fourth");
    forces();
    edits();
    forces();
    assertEquals(ErrorCode.FOREIGN_EDIT, assertThrows(MortmainException.class, () -> read(subject, "p/a")).code());
    loses(by("b").on(old), "p/a");
    commit("p/b", "b besides");
    forces();
    texts.get("p/a").add(EDIT);
    subject.store().mirrored().adopt(Call.of("adoption"), key("p/a"), "operator", Map.of());
    editing = false;
    edited = false;
    acknowledged.put("p/a", (long) texts.get("p/a").size());
    commit("p/a", "fifth");
    forces();
  }

  @Test
  void filesShowWhatIsDurableAndNothingElse() {
    subject = open(disk);
    disk.varyLittle(FileSubject.DIRECTORY);
    disk.listen(step -> crash());
    workload();
    subject.close();
    disk.listen(step -> { });
    crash();
    System.out.println("crash images of mirrored files: " + images + " recovered, with " + again + "; bad 0");
    assertTrue(again.crashed() > 100, again::toString);
    assertTrue(images > 500, () -> images + " images");
    assertTrue(behind > 100, () -> behind + " images with a file behind its key");
    assertTrue(torn > 20, () -> torn + " images with a torn file");
  }

  private void crash() {
    checkTwice(disk.kill(), true);
    disk.forEachCrashImage(image -> checkTwice(image, false));
  }

  private void checkTwice(MemoryDisk image, boolean killed) {
    if (known.contains(what(image, killed))) {
      return;
    }
    MemoryDisk turn = again.turn(image);
    check(image, killed);
    if (turn != null) {
      again.explore(turn, this::rollForward, (second, killedAgain) -> check(second, killed && killedAgain));
    }
  }

  private void rollForward(MemoryDisk image) {
    FileSubject after = open(image);
    if (after.engine().mirroring().any()) {
      after.engine().mirroring().pass(true);
    }
    after.close();
  }

  private List<Object> what(MemoryDisk image, boolean killed) {
    return List.of(image.fingerprint(), killed, Map.copyOf(acknowledged), edited);
  }

  private void check(MemoryDisk image, boolean killed) {
    if (!known.add(what(image, killed))) {
      return;
    }
    images++;
    Map<String, String> before = new TreeMap<>();
    texts.keySet().forEach(key -> before.put(key, text(image, key)));
    FileSubject after = open(image);
    if (after.engine().mirroring().any()) {
      texts.keySet().forEach(key -> beforeRollingForward(after, key, before.get(key), killed));
      after.engine().mirroring().pass(true);
      texts.keySet().forEach(key -> afterRollingForward(after, image, key, before.get(key)));
    }
    after.close();
  }

  private static String text(MemoryDisk image, String key) {
    try {
      return new String(image.content(MIRROR.resolve(key.substring(2))), UTF_8);
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  /** The newest version of the key, from its history: a read would look at the file. */
  private static long version(FileSubject of, String key) {
    KeyEvents events = of.engine().history(new HistoryRequest(key(key), 0, 1, false));
    return events.events().isEmpty() ? 0 : events.events().get(0).version();
  }

  private void beforeRollingForward(FileSubject after, String key, String found, boolean killed) {
    long newest = version(after, key);
    if (found == null || found.isEmpty()) {
      behind++;
      assertFalse(killed && acknowledged.containsKey(key) && texts.get(key).get(acknowledged.get(key).intValue() - 1) != null
          && newest == acknowledged.get(key), () -> key + " was acknowledged and is not there");
      return;
    }
    assertFalse(found.contains(LOSER), () -> key + " shows what was never committed");
    long shown = texts.get(key).lastIndexOf(found) + 1L;
    if (shown == 0) {
      boolean mayBe = found.equals(EDIT) || (!killed && texts.get(key).stream().anyMatch(text -> text != null && isTornCopy(found, text)));
      assertTrue(mayBe, () -> key + " shows " + found);
      torn += found.equals(EDIT) ? 0 : 1;
      return;
    }
    behind += shown < newest ? 1 : 0;
    assertTrue(shown <= newest || found.equals(EDIT), () -> key + " shows version " + shown + " of " + newest);
    assertTrue(!killed || edited || editing || shown >= acknowledged.getOrDefault(key, 0L), () -> key + " shows version " + shown + " after " + acknowledged);
  }

  private static boolean isTornCopy(String found, String text) {
    return found.length() <= text.length() && (text.startsWith(found) || found.indexOf('\0') >= 0);
  }

  private void afterRollingForward(FileSubject after, MemoryDisk image, String key, String before) {
    long newest = version(after, key);
    String wanted = newest == 0 ? null : texts.get(key).get((int) newest - 1);
    long adopted = texts.get(key).indexOf(EDIT) + 1L;
    boolean foreign = EDIT.equals(before) && (adopted == 0 || newest < adopted);
    if (foreign) {
      assertTrue(edited || editing);
      assertEquals(EDIT, text(image, key));
      assertEquals(ErrorCode.FOREIGN_EDIT, assertThrows(MortmainException.class, () -> read(after, key)).code());
      return;
    }
    assertEquals(wanted, text(image, key), () -> key + " showed " + before);
    assertEquals(wanted, wanted == null ? null : Request.text(read(after, key)));
    assertEquals(newest, read(after, key).version());
  }
}
