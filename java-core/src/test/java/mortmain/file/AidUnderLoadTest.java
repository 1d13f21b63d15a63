package mortmain.file;

import static java.nio.charset.StandardCharsets.UTF_8;
import static mortmain.Request.by;
import static mortmain.Request.claim;
import static mortmain.Request.key;
import static mortmain.Request.reclaim;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import mortmain.Request;
import mortmain.disk.MemoryDisk;
import mortmain.engine.ManualClock;
import mortmain.fence.Fence;
import mortmain.journal.JournalOptions;
import mortmain.model.Item;
import mortmain.model.Limits;
import mortmain.model.MortmainException;
import mortmain.model.Outcome;
import mortmain.model.ReadOptions;
import mortmain.model.Snapshot;
import mortmain.model.Write;
import org.junit.jupiter.api.Test;

/** What is written down for the next start while others commit is the state of one revision, and of none that a crash takes back. */
class AidUnderLoadTest {
  private static final Path AID = FileSubject.DIRECTORY.resolve("index/state");
  private static final int KEYS = 900;
  private static final Limits LIMITS = new Limits(1 << 20, 1024, 1000, 1 << 20, 32, 4096, Long.MAX_VALUE / 2_000_000, 6000);

  private final ManualClock clock = new ManualClock();
  private final MemoryDisk disk = new MemoryDisk();
  private final List<Request> sent = new ArrayList<>();
  private final FileSubject subject = open(disk);
  private Random random = new Random(5);
  private int changes;

  private FileSubject open(MemoryDisk on) {
    return new FileSubject(on, clock, LIMITS, JournalOptions.defaults().segments(8192, 1 << 16).background(Runnable::run)).aided();
  }

  private static Snapshot read(FileSubject from, String key) {
    return from.store().read(List.of(key(key)), ReadOptions.NEWEST).snapshots().get(0);
  }

  private static String name(int key) {
    return "p" + key % 7 + "/k" + key;
  }

  private void commit(Request request) {
    subject.store().commit(request.commit());
    sent.add(request);
  }

  private void change() {
    changes++;
    String name = name(random.nextInt(KEYS + 50));
    Snapshot now = read(subject, name);
    switch (random.nextInt(10)) {
      case 0 -> subject.store().reclaim(reclaim(name, null, null));
      case 1 -> subject.store().reclaim(reclaim(null, "p" + random.nextInt(7) + "/", null));
      case 2 -> subject.keeping(1 + random.nextInt(5), 100);
      case 3, 4 -> {
        if (now.exists()) {
          commit(by("d").on(now).delete(name));
        }
      }
      case 5 -> subject.store().claim(claim("claimed/" + changes, "%032x".formatted(changes), 1_000_000_000, 0));
      case 6 -> subject.store().claims("").stream().findFirst().ifPresent(held -> subject.store().reclaim(reclaim(held.key().toString(), null, null)));
      case 7 -> commit(by("n").append("list", "\"" + changes + "\""));
      default -> commit(by("w" + changes % 9).on(now).put(name, Integer.toString(changes)));
    }
  }

  private void fill() {
    for (int i = 0; i < KEYS; i++) {
      commit(by("w").create(name(i), "1"));
    }
    for (int i = 0; i < 100; i++) {
      change();
    }
  }

  private String state(FileSubject of) {
    StringBuilder text = new StringBuilder();
    List<String> names = new ArrayList<>(List.of("list", "ids"));
    for (int i = 0; i < KEYS + 50; i++) {
      names.add(name(i));
    }
    text.append(CompactionCrashTest.state(of, names)).append(of.store().settings());
    for (String each : List.of("revision", "keys", "tombstones", "claims", "requests", "horizon")) {
      text.append(each).append(' ').append(of.store().info().get(each)).append('\n');
    }
    KeyRecord ids = of.engine().decisions().state().index().find(key("ids"));
    text.append(ids == null || ids.ids == null ? "" : ids.ids.size() + " ids, " + ids.ids.hashCode() + '\n');
    for (Request request : sent) {
      text.append(of.store().commit(request.commit()).replayed() ? "" : "forgotten\n");
    }
    return text.toString();
  }

  /** The process dies: with the aid it comes back as without. */
  private void dies() {
    MemoryDisk with = disk.kill();
    MemoryDisk without = disk.kill();
    assertTrue(with.exists(AID));
    without.lose(AID);
    FileSubject aided = open(with);
    assertTrue((long) aided.engine().aids().info().get("revision") > 0, "the aid was not used");
    FileSubject replayed = open(without);
    assertEquals(0L, replayed.engine().aids().info().get("revision"));
    assertEquals(state(replayed), state(aided));
    assertFalse(state(aided).contains("forgotten"));
    aided.close();
    replayed.close();
  }

  private void write(Runnable meanwhile) throws IOException {
    subject.engine().aids().write(subject.engine().new AidHost(true) {
      @Override
      public void pause(long nanos) {
        meanwhile.run();
      }
    });
  }

  @Test
  void whatChangesMeanwhileIsInItAsItWasBefore() throws IOException {
    fill();
    for (int round = 0; round < 10; round++) {
      random = new Random(round);
      int[] pauses = new int[1];
      write(() -> {
        pauses[0]++;
        for (int i = 0; i < 25; i++) {
          change();
        }
      });
      assertTrue(pauses[0] > 3, () -> pauses[0] + " pauses");
      dies();
    }
    subject.close();
  }

  /** The size of a block is what is written under the lock at most, and a quarter of a MiB more. */
  @Test
  void aListOfManyIdsIsWrittenSomeAtATimeAndAsItWas() throws IOException {
    List<Item> items = new ArrayList<>();
    for (int i = 0; i < 40_000; i++) {
      items.add(new Item("1".getBytes(UTF_8), "an id of some length, as they are, number " + i));
      if (items.size() == 4000) {
        commit(by("w").write(new Write.Append(key("ids"), List.copyOf(items))));
        items.clear();
      }
    }
    int[] steps = new int[1];
    write(() -> {
      steps[0]++;
      commit(by("w").appendUnique("ids", "late " + steps[0], "2"));
      if (steps[0] == 5) {
        Snapshot now = read(subject, "ids");
        commit(by("w").on(now).put("ids", "[1]"));
      }
    });
    assertTrue(steps[0] > 20, () -> steps[0] + " steps");
    int longest = longestBlock(disk.content(AID));
    assertTrue(longest < 500_000, () -> longest + " bytes at once");
    dies();
    write(() -> { });
    dies();
    subject.close();
  }

  private static int longestBlock(byte[] aid) {
    ByteBuffer blocks = ByteBuffer.wrap(aid).position(8);
    int longest = 0;
    while (blocks.hasRemaining()) {
      int length = blocks.getInt();
      longest = Math.max(longest, length);
      blocks.position(blocks.position() + 4 + length);
    }
    return longest;
  }

  @Test
  void theAidOfBeforeServesWhileTheNextOneIsWritten() throws IOException {
    fill();
    write(() -> { });
    int[] images = new int[1];
    write(() -> {
      change();
      images[0]++;
      dies();
    });
    assertTrue(images[0] > 3, () -> images[0] + " images");
    subject.close();
  }

  @Test
  void afterAKillOnlyWhatCameLaterIsRead() throws IOException {
    fill();
    write(() -> { });
    commit(by("w").create("late", "1"));
    MemoryDisk killed = disk.kill();
    Path first = FileSubject.DIRECTORY.resolve("journal/00000001.seg");
    byte[] blank = killed.content(first);
    Arrays.fill(blank, 1000, 1500, (byte) 7); // in the middle of old records
    killed.tamper(first, blank);
    FileSubject after = open(killed);
    assertEquals("1", Request.text(read(after, "late")));
    after.close();
    subject.close();
  }

  @Test
  void tombstonesThatAreForgottenMeanwhileEndIt() throws IOException {
    fill();
    write(() -> { });
    byte[] before = disk.content(AID);
    for (int i = 0; i < 40; i++) {
      commit(by("d").on(read(subject, name(i))).put(name(i), "0"));
      subject.store().commit(by("d").on(read(subject, name(i))).delete(name(i)).commit());
    }
    for (int i = 0; i < 7000; i++) {
      subject.store().commit(by("w").increment("n", "1").commit()); // pushes the horizon
    }
    assertThrows(IOException.class, () -> write(() -> assertTrue(subject.forget(1) >= 0)));
    assertTrue(Arrays.equals(before, disk.content(AID)));
    sent.clear();
    dies();
    subject.close();
  }

  @Test
  void itIsWrittenAgainWhenSegmentsThatItKnowsWereCompacted() throws IOException {
    Aid.Host host = subject.engine().new AidHost(true);
    fill();
    subject.keeping(1, 0);
    subject.engine().aids().ifDue(host);
    byte[] first = disk.content(AID);
    commit(by("w").create("late", "1"));
    subject.engine().aids().ifDue(host);
    assertTrue(Arrays.equals(first, disk.content(AID)), "it was written although little had changed");
    for (int second = 0; second < 70; second++) {
      clock.advance(1_000_000_000L);
      subject.tick();
    }
    assertTrue(subject.compact() > 0);
    assertEquals(0L, subject.engine().aids().info().get("revision"));
    subject.engine().aids().ifDue(host);
    assertFalse(Arrays.equals(first, disk.content(AID)));
    dies();
    subject.close();
  }

  /** An aid that knew of it would make the start after the crash believe that the journal lost its end. */
  @Test
  void itSaysNothingThatAPowerLossTakesBack() {
    fill();
    disk.varyLittle(FileSubject.DIRECTORY);
    subject.engine().decide(view -> Fence.configure(view, "history_bytes", 1L << 40, "w"), false, new Unheard());
    assertTrue(subject.engine().durableRevision() < subject.engine().decisions().journal().lastRevision(), "it is forced already");
    int[] images = new int[1];
    disk.listen(step -> {
      if (step.contains("index/state")) {
        images[0] += opensAfterAPowerLoss();
      }
    });
    subject.aid();
    disk.listen(step -> { });
    images[0] += opensAfterAPowerLoss();
    assertTrue(images[0] > 10, () -> images[0] + " images");
    subject.close();
  }

  private int opensAfterAPowerLoss() {
    return disk.forEachCrashImage(image -> {
      FileSubject after = open(image);
      assertTrue(read(after, "list").exists());
      after.close();
    });
  }

  private static final class Unheard implements Outcome<Boolean> {
    @Override
    public void answer(Boolean answer) {}

    @Override
    public void reject(MortmainException rejection) {}
  }
}
