package mortmain;

import static mortmain.ReducingStore.bytes;
import static mortmain.ReducingStore.done;
import static mortmain.ReducingStore.links;
import static mortmain.ReducingStore.reduce;
import static mortmain.ReducingStore.refusal;
import static mortmain.ReducingStore.shape;
import static mortmain.ReducingStore.version;
import static mortmain.Request.by;
import static mortmain.Request.claim;
import static mortmain.Request.claimId;
import static mortmain.Request.key;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import mortmain.model.ErrorCode;
import mortmain.model.Guard;
import mortmain.model.ReadOptions;
import mortmain.model.Receipt;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What waits for one key runs as a chain, and behaves as if each had run alone. */
@Timeout(60)
class ReductionChainsTest {
  @TempDir Path directory;
  private ReducingStore store;

  @BeforeEach
  void open() {
    store = new ReducingStore(directory, Duration.ofMillis(20));
  }

  @AfterEach
  void close() {
    store.close();
  }

  private final List<CompletableFuture<Receipt>> answers = new ArrayList<>();

  /** A run of these together, on the empty list, which is version 1. */
  private Reduction chain(String... ids) {
    return store.behindABusyOne(() -> List.of(ids).forEach(id -> answers.add(store.start(reduce(id, "m:f")))));
  }

  @Test
  void eachLinkIsAVersionOfItsOwnInTheOrderInWhichTheyCame() throws Exception {
    Reduction run = chain("1", "2", "3");
    assertEquals("1 2 3", links(run));
    assertTrue(done(run, "[1]", "[1, 2]", "[1, 2, 3]"));
    assertEquals(List.of(2L, 3L, 4L), List.of(version(answers.get(0)), version(answers.get(1)), version(answers.get(2))));
    assertEquals("[1, 2, 3]", store.value());
    assertEquals("[1, 2]", Request.text(store.store.readVersion(key("k"), 3, ReadOptions.NEWEST).snapshots().get(0)));
  }

  @Test
  void oneThatFailsInTheMiddleFailsAlone() throws Exception {
    assertTrue(done(chain("1", "2", "3"), "[1]", "!raised", "[1, 3]"));
    assertEquals(2, version(answers.get(0)));
    assertEquals(ErrorCode.REFUSED_VALUE, refusal(answers.get(1)));
    assertEquals(3, version(answers.get(2)));
    assertEquals("[1, 3]", store.value());
  }

  @Test
  void oneThatChangesNothingInTheMiddleMakesNoVersion() throws Exception {
    assertTrue(done(chain("1", "2", "3"), "[1]", "[1]", "[1, 3]"));
    assertEquals(List.of(2L, 2L, 3L), List.of(version(answers.get(0)), version(answers.get(1)), version(answers.get(2))));
  }

  @Test
  void aSlowOneInTheMiddleIsGivenUpAndTheRestGoesOn() throws Exception {
    Reduction run = chain("1", "2", "3");
    store.store.reductions().progress().putInt(0, 1);
    Late late = store.store.reductions().late();
    assertEquals(1, late.link());
    assertTrue(late.giveUp("took long", "", shape("[1]"), bytes("[1]")));
    assertFalse(done(run, "[1]", "[1, 2]", "[1, 2, 3]"), "its thread came too late");
    assertEquals(2, version(answers.get(0)));
    assertEquals(ErrorCode.REFUSED_VALUE, refusal(answers.get(1)));
    Reduction rest = store.next();
    assertEquals("3", links(rest));
    assertEquals("[1]", rest.value());
    done(rest, "[1, 3]");
    assertEquals(3, version(answers.get(2)));
  }

  @Test
  void oneThatHoldsPythonUpInTheMiddleTakesNothingAlong() throws Exception {
    chain("1", "2", "3");
    store.store.reductions().progress().putInt(0, 1);
    Thread watch = new Thread(() -> {
      try {
        store.store.reductions().giveUp(Duration.ofMillis(20));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    });
    watch.setDaemon(true);
    watch.start();
    assertEquals(ErrorCode.REFUSED_VALUE, refusal(answers.get(1)));
    assertFalse(answers.get(0).isDone(), "what it made lies where nobody can ask for it");
    assertEquals("1 3", store.append(2));
    assertEquals(3, version(answers.get(2)));
  }

  @Test
  void whatSomebodyElseCommittedMeanwhileIsUnderAllOfThem() throws Exception {
    Reduction run = chain("1", "2");
    store.store.commit(by("other").append("k", "7").commit());
    assertTrue(done(run, "[1]", "[1, 2]"));
    assertEquals("1 2", store.append(2));
    assertEquals(4, version(answers.get(1)));
    assertEquals("[7, 1, 2]", store.value());
  }

  @Test
  void oneThatIsRefusedInTheMiddleIsUnderNoneOfThoseBehindIt() throws Exception {
    List<CompletableFuture<Receipt>> all = new ArrayList<>();
    Reduction run = store.behindABusyOne(() -> {
      all.add(store.start(reduce("1", "m:f")));
      all.add(store.start(reduce("2", "m:f", new Guard.Absent(key("k")))));
      all.add(store.start(reduce("3", "m:f")));
    });
    assertTrue(done(run, "[1]", "[1, 2]", "[1, 2, 3]"));
    assertEquals(2, version(all.get(0)));
    assertEquals(ErrorCode.VERSION_CONFLICT, refusal(all.get(1)));
    assertFalse(all.get(2).isDone(), "what it was computed from was never there");
    Reduction again = store.next();
    assertEquals("[1]", again.value());
    done(again, "[1, 3]");
    assertEquals(3, version(all.get(2)));
  }

  @Test
  void aRequestThatCameTwiceIsCommittedOnce() throws Exception {
    assertTrue(done(chain("1", "1", "2"), "[1]", "[1, 1]", "[1, 1, 2]"));
    assertEquals(2, version(answers.get(0)));
    assertTrue(answers.get(1).get().replayed());
    Reduction again = store.next();
    assertEquals("2", links(again));
    assertEquals("[1]", again.value());
    done(again, "[1, 2]");
    assertEquals(3, version(answers.get(2)));
  }

  @Test
  void aClaimThatCameMeanwhileIsWaitedForByAll() throws Exception {
    Reduction run = chain("1", "2");
    store.store.claim(claim("k", claimId('a'), 60_000, 0));
    assertTrue(done(run, "[1]", "[1, 2]"));
    assertFalse(answers.get(0).isDone() || answers.get(1).isDone());
    store.store.release(key("k"), claimId('a'), -1);
    assertEquals(3, store.append(2).length(), "in whatever order the claim let go of them");
    assertEquals(5, version(answers.get(0)) + version(answers.get(1)));
  }

  @Test
  void whatWasNotReachedRunsBeforeWhatCameLater() throws Exception {
    Reduction run = chain("1", "2");
    answers.add(store.start(reduce("3", "m:f")));
    assertTrue(done(run, "[1]"));
    assertEquals(2, version(answers.get(0)));
    store.store.reductions().chains().learn("m:f", true);
    assertEquals("2", links(store.next()).substring(0, 1));
  }

  @Test
  void aFunctionThatMayBeSlowHoldsUpNoAnswerButItsOwn() {
    Reduction run = store.behindABusyOne(() -> {
      answers.add(store.start(reduce("1", "m:f")));
      answers.add(store.start(reduce("9", "m:slow")));
      answers.add(store.start(reduce("2", "m:f")));
    });
    assertEquals("1", links(run));
    done(run, "[1]");
    Reduction slow = store.next();
    assertEquals("9", links(slow));
  }

  @Test
  void aBusyKeyKeepsNoOtherOneFromItsTurn() throws Exception {
    answers.add(store.start(reduce("1", "m:f")));
    answers.add(store.start(reduce("8", "another", "m:f", Long.MAX_VALUE)));
    Reduction run = store.next();
    assertEquals("1", links(run));
    answers.add(store.start(reduce("2", "m:f")));
    done(run, "[1]");
    assertEquals("8", links(store.next()));
    assertEquals("2", links(store.next()));
  }

  @Test
  void whoWaitsForLongerThanItWantsToIsToldSo() {
    Reduction slow = chain("1");
    CompletableFuture<Receipt> hasty = store.start(reduce("2", "k", "m:f", store.store.now() + 1_000_000));
    Thread watch = new Thread(() -> {
      try {
        store.store.reductions().giveUp(Duration.ofSeconds(50));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    });
    watch.setDaemon(true);
    watch.start();
    assertEquals(ErrorCode.UNAVAILABLE, refusal(hasty));
    assertTrue(done(slow, "[1]"));
  }

  @Test
  void whoeverWaitsHearsOfTheEnd() {
    Reduction run = chain("1");
    CompletableFuture<Receipt> waits = store.start(reduce("2", "m:f"));
    store.store.reductions().close("of the test");
    assertEquals(ErrorCode.UNSUPPORTED, refusal(waits));
    assertTrue(done(run, "[1]"), "what has run is committed still");
  }
}
