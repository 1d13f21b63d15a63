package mortmain.file;

import static mortmain.Request.by;
import static mortmain.Request.claim;
import static mortmain.Request.claimId;
import static mortmain.Request.key;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import mortmain.Request;
import mortmain.disk.MemoryDisk;
import mortmain.engine.ManualClock;
import mortmain.journal.JournalOptions;
import mortmain.model.Call;
import mortmain.model.Guard;
import mortmain.model.Limits;
import mortmain.model.ReadOptions;
import mortmain.model.Receipt;
import mortmain.model.ReclaimRequest;
import mortmain.model.Snapshot;
import org.junit.jupiter.api.Test;

/**
 * Power is lost, or the process dies, before every step of the disk. What comes back is the state after some number of whole requests: at
 * least those that were answered, at most those that were asked; versions, epochs, claims and remembered ids included.
 */
class StoreCrashTest {
  private static final Limits LIMITS = new Limits(1 << 20, 1024, 1000, 1 << 20, 32, 4096, Long.MAX_VALUE / 2_000_000, 1000);
  private static final List<String> KEYS = List.of("k", "l", "n", "p/a", "p/b");

  private final ManualClock clock = new ManualClock();
  private final List<Consumer<FileSubject>> steps = new ArrayList<>();
  private final List<Request> requests = new ArrayList<>();
  private final List<Integer> requestSteps = new ArrayList<>();
  private final List<String> states = new ArrayList<>();
  private final List<Receipt> receipts = new ArrayList<>();
  private final Set<List<Object>> known = new HashSet<>();
  private int answered;
  private int asked;
  private int images;
  private int shorter;

  private final SecondCrash again = new SecondCrash(25, 1);

  private static JournalOptions options() {
    return JournalOptions.defaults().segments(2048, 4096).background(Runnable::run);
  }

  private FileSubject open(MemoryDisk disk) {
    return new FileSubject(disk, clock, LIMITS, options());
  }

  private static Snapshot read(FileSubject from, String key) {
    return from.store().read(List.of(key(key)), ReadOptions.NEWEST).snapshots().get(0);
  }

  private void commits(Request request) {
    Request named = request.id("request-" + requests.size());
    requests.add(named);
    requestSteps.add(steps.size());
    steps.add(subject -> {
      Receipt receipt = subject.store().commit(named.commit());
      receipts.add(receipt);
    });
  }

  private void reclaims(String key, String prefix) {
    Call call = Call.of("reclaim-" + steps.size());
    ReclaimRequest request = new ReclaimRequest(call, key == null ? null : key(key), prefix, null, "operator", "test");
    steps.add(subject -> subject.store().reclaim(request));
  }

  private void workload() {
    commits(by("a").create("k", "1"));
    commits(by("a").append("l", "1").increment("n", "5"));
    steps.add(subject -> subject.store().claim(claim("p/a", claimId('a'), 60_000, 0)));
    commits(by("a").create("p/b", "{\"x\":1}"));
    reclaims(null, "p/");
    steps.add(subject -> subject.store().claim(claim("p/a", claimId('b'), 60_000, 0)));
    commits(by("a").append("l", "2", "3").merge("p/b", "{\"y\":2}"));
    reclaims("k", null);
    commits(by("a").ensure("k", "9").add("l", "7"));
    steps.add(subject -> subject.store().release(key("p/a"), claimId('b'), 1));
    commits(by("a").put("big", "\"" + "x".repeat(1500) + "\"").guard(new Guard.Absent(key("big"))));
    commits(by("a").increment("n", "-1").append("l", "4"));
  }

  private static String state(FileSubject subject) {
    StringBuilder text = new StringBuilder();
    for (String key : KEYS) {
      Snapshot at = read(subject, key);
      text.append(key).append(" v").append(at.version()).append(" e").append(at.epoch()).append(" t").append(at.tag()).append(" r").append(at.revision());
      text.append(at.exists() ? " " + Request.text(at) : "").append('\n');
    }
    subject.store().claims("").forEach(claim -> text.append(claim.key()).append(" held by ").append(claim.holder()).append('\n'));
    return text.toString();
  }

  @Test
  void whatComesBackIsAStateBetweenTheAnsweredAndTheAsked() {
    workload();
    FileSubject calm = open(new MemoryDisk());
    states.add(state(calm));
    steps.forEach(step -> {
      step.accept(calm);
      states.add(state(calm));
    });
    calm.close();
    List<Receipt> expected = List.copyOf(receipts);
    MemoryDisk disk = new MemoryDisk();
    FileSubject subject = open(disk);
    disk.listen(step -> crash(disk, expected));
    for (Consumer<FileSubject> step : steps) {
      asked++;
      step.accept(subject);
      answered++;
      crash(disk, expected);
    }
    disk.listen(step -> { });
    subject.close();
    System.out.println("crash images of commits, claims and segments: " + images + " recovered, with " + again + "; bad 0");
    assertTrue(again.crashed() > 500, again::toString);
    assertTrue(images > 300, () -> images + " images");
    assertTrue(shorter > 50, () -> shorter + " images lost what was not answered yet");
  }

  private void crash(MemoryDisk disk, List<Receipt> expected) {
    checkTwice(disk.kill(), expected);
    disk.forEachCrashImage(image -> checkTwice(image, expected));
  }

  private void checkTwice(MemoryDisk image, List<Receipt> expected) {
    if (known.contains(List.of(image.fingerprint(), answered, asked))) {
      return;
    }
    MemoryDisk turn = again.turn(image);
    check(image, expected);
    if (turn != null) {
      again.explore(turn, disk -> SecondCrash.recover(disk, options()), (second, killed) -> check(second, expected));
    }
  }

  private void check(MemoryDisk image, List<Receipt> expected) {
    if (!known.add(List.of(image.fingerprint(), answered, asked))) {
      return;
    }
    images++;
    FileSubject after = open(image);
    String found = state(after);
    int count = answered;
    while (count < asked && !states.get(count).equals(found)) {
      count++;
    }
    assertEquals(states.get(count), found, "answered " + answered + ", asked " + asked);
    shorter += count < asked ? 1 : 0;
    for (int i = 0; i < requests.size() && requestSteps.get(i) < count; i++) {
      Receipt again = after.store().commit(requests.get(i).commit());
      assertTrue(again.replayed());
      assertEquals(expected.get(i).keys(), again.keys());
    }
    assertEquals(found, state(after));
    after.close();
  }
}
