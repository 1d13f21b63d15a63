package mortmain.file;

import static java.nio.charset.StandardCharsets.UTF_8;
import static mortmain.Request.by;
import static mortmain.Request.key;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import mortmain.Request;
import mortmain.Store;
import mortmain.disk.FaultyDisk;
import mortmain.disk.MemoryDisk;
import mortmain.journal.JournalOptions;
import mortmain.model.Call;
import mortmain.model.ErrorCode;
import mortmain.model.Guard;
import mortmain.model.MortmainException;
import mortmain.model.Mount;
import mortmain.model.Outcome;
import mortmain.model.Receipt;
import mortmain.model.Rejection;
import mortmain.model.Snapshot;
import mortmain.model.Value;
import mortmain.model.Write;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What each guard of mirrored files is there for, step by step; the crash images are in {@link MirrorCrashTest}. */
class MirrorTest extends StoreFixture {
  private static final Path PLACE = Path.of("/mirror");

  @BeforeEach
  void mounted() {
    mount(true, false);
  }

  private void mount(boolean sync, boolean adopt) {
    subject.store().mirrored().mount(new Mount("p/", PLACE.toString(), sync, adopt), "operator");
  }

  private Receipt write(String key, String text) {
    Write put = new Write.Put(key(key), new Value("text/plain", text.getBytes(UTF_8)), false);
    return commit(by("a").on(read(key)).write(put));
  }

  private String file(String name) {
    try {
      return new String(memory.content(PLACE.resolve(name)), UTF_8);
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  private void edit(String name, String text) {
    memory.tamper(PLACE.resolve(name), text.getBytes(UTF_8));
  }

  private static void pass(FileSubject of) {
    of.engine().mirroring().pass(true);
  }

  private Map<String, Object> told() {
    return subject.engine().mirroring().describe().get(0);
  }

  private List<String> renames(Runnable during) {
    List<String> renames = new ArrayList<>();
    memory.listen(step -> {
      if (step.startsWith("rename " + PLACE)) {
        renames.add(step);
      }
    });
    during.run();
    memory.listen(step -> { });
    return renames;
  }

  @Test
  void theAnswerComesAfterTheFile() {
    List<String> seen = new ArrayList<>();
    Write put = new Write.Put(key("p/a"), new Value("text/plain", "one".getBytes(UTF_8)), false);
    Outcome<Receipt> then =
        new Outcome<>() {
          @Override
          public void answer(Receipt receipt) {
            seen.add(file("a") + " " + receipt.mirrored());
          }

          @Override
          public void reject(MortmainException rejection) {
            seen.add(rejection.getMessage());
          }
        };
    subject.store().commit(by("a").on(read("p/a")).write(put).commit(), then);
    assertEquals(List.of("one true"), seen);
  }

  @Test
  void whatIsNotForcedYetIsInNoFile() {
    write("p/a", "one");
    List<String> seen = new ArrayList<>();
    memory.listen(step -> {
      if (step.startsWith("force " + FileSubject.DIRECTORY) && seen.isEmpty()) {
        seen.add("");
        subject.engine().mirroring().pass(false);
        seen.add(file("a"));
      }
    });
    write("p/a", "two");
    memory.listen(step -> { });
    assertEquals(List.of("", "one"), seen);
    assertEquals("two", file("a"));
  }

  @Test
  void aReplayIsAnsweredAfterTheFileToo() {
    Request request = by("a").guard(new Guard.Absent(key("p/a"))).write(new Write.Put(key("p/a"), new Value("text/plain", "one".getBytes(UTF_8)), false));
    disk.fail(FaultyDisk.Step.NAME, 1, "no space");
    assertEquals(false, commit(request).mirrored());
    assertNull(file("a"));
    Receipt again = commit(request);
    assertEquals(List.of(true, true), List.of(again.replayed(), again.mirrored()));
    assertEquals("one", file("a"));
  }

  @Test
  void aFileIsWrittenOnceAVersionAndNeverAgain() {
    Receipt first = write("p/a", "one");
    Receipt second = write("p/a", "two");
    List<String> renames = renames(() -> {
      assertEquals(true, subject.engine().mirroring().mirrored(first));
      assertEquals(true, subject.engine().mirroring().mirrored(second));
      pass(subject);
    });
    assertEquals(List.of(), renames);
    assertEquals("two", file("a"));
    var image = memory.kill();
    image.listen(step -> renames.add(step.startsWith("rename " + PLACE) ? step : ""));
    FileSubject after = reopened(image);
    pass(after);
    after.close();
    assertTrue(renames.stream().allMatch(String::isEmpty), renames::toString);
  }

  @Test
  void whatIsWrittenLateIsTheNewestVersion() {
    mount(false, false);
    List<String> renames = renames(() -> {
      assertEquals(false, write("p/a", "one").mirrored());
      assertEquals(false, write("p/a", "two").mirrored());
      assertNull(file("a"));
      pass(subject);
    });
    assertEquals(1, renames.size());
    assertEquals("two", file("a"));
    pass(subject);
    assertEquals(subject.store().durableRevision() - 1, told().get("through"));
  }

  @Test
  void anEditThatIsSavedWhileTheTemporaryFileIsWrittenSurvives() {
    write("p/a", "one");
    Snapshot base = read("p/a");
    memory.listen(step -> {
      if (step.startsWith("write " + PLACE.resolve(".mortmain-"))) {
        edit("a", "by hand");
      }
    });
    Receipt receipt = commit(by("a").on(base).write(new Write.Put(key("p/a"), new Value("text/plain", "two".getBytes(UTF_8)), false)));
    memory.listen(step -> { });
    assertEquals(false, receipt.mirrored());
    assertEquals("by hand", file("a"));
    refused(ErrorCode.FOREIGN_EDIT, () -> read("p/a"));
    Receipt adopted = subject.store().mirrored().adopt(Call.of("x"), key("p/a"), "a", Map.of());
    assertEquals(3, adopted.keys().get(0).version());
    assertEquals("by hand", text("p/a"));
  }

  @Test
  void anEditAtRestIsRefusedBeforeVersionsAndClaimsAreLookedAt() {
    Snapshot base = read("p/a");
    write("p/a", "one");
    edit("a", "by hand");
    Rejection refusal = refused(ErrorCode.FOREIGN_EDIT, by("b").on(base).put("p/a", "1"));
    assertEquals(List.of(ErrorCode.FOREIGN_EDIT, ErrorCode.VERSION_CONFLICT), refusal.failures().stream().map(failure -> failure.code()).toList());
    assertEquals(PLACE.resolve("a").toString(), refusal.failures().get(0).details().get("path"));
    refused(ErrorCode.FOREIGN_EDIT, () -> subject.store().check(by("b").on(base).commit().guards(), null, 0));
    assertEquals(false, subject.store().mirrored().adopt(Call.of("x"), key("p/a"), "a", Map.of()).replayed());
    assertEquals(true, subject.store().mirrored().adopt(Call.of("x"), key("p/a"), "a", Map.of()).replayed());
    assertEquals(2, read("p/a").version());
  }

  @Test
  void aDeletedPrefixLooksAtEveryFile() {
    write("p/a", "one");
    write("p/b", "one");
    edit("b", "by hand");
    Request delete = by("a").on(read("p/a")).write(new Write.DeletePrefix("p/"));
    refused(ErrorCode.FOREIGN_EDIT, delete);
    memory.lose(PLACE.resolve("b"));
    assertEquals(true, commit(delete.id("again")).mirrored());
    assertNull(file("a"));
    assertNull(file("b"));
  }

  @Test
  void anOldVersionThatIsBroughtBackWhileNothingRunsIsAnEdit() {
    write("p/a", "one");
    write("p/a", "two");
    pass(subject);
    edit("a", "one");
    FileSubject after = reopened(memory.kill());
    pass(after);
    refused(ErrorCode.FOREIGN_EDIT, () -> read(after, "p/a"));
    after.close();
  }

  @Test
  void anOldVersionThatACrashMayHaveLeftIsRolledForward() throws NoSuchFileException {
    write("p/a", "one");
    pass(subject);
    write("p/a", "two");
    edit("a", "one");
    var image = memory.kill();
    FileSubject after = reopened(image);
    pass(after);
    assertEquals("two", Request.text(read(after, "p/a")));
    assertEquals("two", new String(image.content(PLACE.resolve("a")), UTF_8));
    after.close();
  }

  @Test
  void aTornCopyIsKeptAsideBeforeItIsReplaced() {
    write("p/a", "one and two");
    edit("a", "one");
    var image = memory.kill();
    FileSubject after = reopened(image);
    pass(after);
    assertEquals(11, Request.text(read(after, "p/a")).length());
    List<String> kept = image.list(FileSubject.DIRECTORY.resolve("lost").resolve("mirror"));
    assertEquals(1, kept.size());
    assertTrue(kept.get(0).startsWith("p~a-"), kept::toString);
    after.close();
  }

  @Test
  void aShorterFileAfterTheForceIsAnEdit() {
    write("p/a", "one and two");
    pass(subject);
    edit("a", "one");
    FileSubject after = reopened(memory.kill());
    pass(after);
    refused(ErrorCode.FOREIGN_EDIT, () -> read(after, "p/a"));
    after.close();
  }

  @Test
  void throughStaysBehindAFileThatCannotBeWritten() {
    pass(subject);
    write("p/b", "one");
    disk.fail(FaultyDisk.Step.NAME, 1, "no space");
    Receipt behind = write("p/a", "one");
    assertEquals(false, behind.mirrored());
    write("p/b", "two");
    disk.fail(FaultyDisk.Step.NAME, 1, "no space");
    pass(subject);
    assertEquals(behind.revision() - 1, told().get("through"));
    assertTrue(String.valueOf(told().get("problem")).contains("no space"), () -> told().toString());
    assertEquals(1L, told().get("behind"));
    pass(subject);
    assertEquals("one", file("a"));
    assertNull(told().get("problem"));
    assertTrue((long) told().get("through") > behind.revision());
  }

  @Test
  void throughIsNotJournaledWithoutTheForceAndTheFileIsWrittenAgain() {
    pass(subject);
    long before = (long) told().get("through");
    write("p/a", "one");
    disk.fail(FaultyDisk.Step.FORCE, 1, "Input/output error");
    pass(subject);
    assertEquals(before, told().get("through"));
    List<String> renames = renames(() -> pass(subject));
    assertEquals(1, renames.size());
    assertTrue((long) told().get("through") > before);
    assertEquals("one", file("a"));
  }

  @Test
  void anEditHoldsBackNothingElse() {
    write("p/a", "one");
    edit("a", "by hand");
    refused(ErrorCode.FOREIGN_EDIT, () -> read("p/a"));
    Receipt other = write("p/b", "one");
    pass(subject);
    assertTrue((long) told().get("through") >= other.revision());
    FileSubject after = reopened(memory.losePower());
    pass(after);
    refused(ErrorCode.FOREIGN_EDIT, () -> read(after, "p/a"));
    assertEquals("one", Request.text(read(after, "p/b")));
    after.close();
  }

  @Test
  void namesThatDifferInCaseCollideWhereCaseFolds() {
    write("p/Plan.md", "one");
    subject.store().mirrored().unmount("p/", "operator");
    memory.foldCase();
    mount(true, false);
    Rejection refusal = refused(ErrorCode.INVALID, by("a").create("p/plan.md", "1"));
    assertEquals("key", refusal.failures().get(0).details().get("field"));
    refused(ErrorCode.INVALID, by("a").create("p/PLAN.MD/below", "1"));
    commit(by("a").on(read("p/Plan.md")).delete("p/Plan.md"));
    assertEquals(true, commit(by("a").create("p/plan.md", "1")).mirrored());
  }

  @Test
  void aTemporaryFilesNameIsNoKey() {
    refused(ErrorCode.INVALID, by("a").create("p/.mortmain-1.tmp", "1"));
    refused(ErrorCode.INVALID, by("a").create("p/.mortmain-1.tmp/x", "1"));
    assertFalse(commit(by("a").create("p/x/.mortmain-1.tmp", "1")).replayed());
  }

  @Test
  void mountsOutliveTheProcessAndAreNotThoseOfARestoredStore() {
    write("p/a", "one");
    FileSubject after = reopened(memory.kill());
    assertTrue(after.engine().mirroring().any());
    after.engine().decisions().restored("another store");
    assertFalse(after.engine().mirroring().any());
    after.restart();
    assertFalse(after.engine().mirroring().any());
    after.close();
  }

  @Test
  void whatIsNotMountedIsNotTouched() {
    List<String> renames = renames(() -> assertNull(write("q", "one").mirrored()));
    assertEquals(List.of(), renames);
    subject.store().mirrored().unmount("p/", "operator");
    assertNull(write("p/a", "one").mirrored());
    assertNull(file("a"));
  }

  @Test
  void aFileThatIsLongerThanAnyValueMayBeIsOursWhenItShowsTheNewestVersion() {
    String numbers = "[" + "1,".repeat(900) + "1]";
    commit(by("a").on(read("p/n")).put("p/n", numbers));
    write("p/text", "x".repeat(4000));
    subject.store().configure("value_bytes", 2048, "operator"); // below the file of the one, and below the other itself
    assertTrue(file("n").length() > 2048);
    FileSubject again = reopened(memory.kill());
    pass(again);
    assertEquals(numbers, Request.text(read(again, "p/n")));
    assertEquals("x".repeat(4000), Request.text(read(again, "p/text")));
    edit("n", "[" + " ".repeat(10_000) + "2]");
    refused(ErrorCode.FOREIGN_EDIT, () -> read("p/n"));
    again.close();
  }

  /** The files of mounts in the background have nobody else. */
  @Test
  void aSurpriseDoesNotEndTheThreadThatWritesFiles() throws Exception {
    MemoryDisk own = new MemoryDisk();
    AtomicBoolean surprised = new AtomicBoolean();
    JournalOptions options = JournalOptions.defaults().segments(4096, 1 << 16);
    try (Store store = new Store(FileEngineProvider.open(own, FileSubject.DIRECTORY, options, limits(), Clocks.system(), () -> { }))) {
      store.mirrored().mount(new Mount("p/", PLACE.toString(), false, false), "operator");
      own.listen(step -> {
        if (step.startsWith("rename " + PLACE) && surprised.compareAndSet(false, true)) {
          throw new IllegalStateException("nobody expected this");
        }
      });
      store.commit(by("a").create("p/a", "1").commit());
      long end = System.nanoTime() + 20_000_000_000L;
      while (!own.exists(PLACE.resolve("a"))) {
        assertTrue(System.nanoTime() < end, "it is never written");
        Thread.onSpinWait();
      }
    }
    assertTrue(surprised.get());
  }
}
