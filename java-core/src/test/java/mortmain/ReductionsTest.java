package mortmain;

import static java.nio.charset.StandardCharsets.UTF_8;
import static mortmain.ReducingStore.done;
import static mortmain.ReducingStore.reduce;
import static mortmain.ReducingStore.refusal;
import static mortmain.Request.by;
import static mortmain.Request.claim;
import static mortmain.Request.claimId;
import static mortmain.Request.key;
import static mortmain.Request.text;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import mortmain.model.Commit;
import mortmain.model.ErrorCode;
import mortmain.model.Receipt;
import mortmain.model.Snapshot;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Commits that a function computes; the test is the thread that runs it, and would wait for ever for one that is not asked for. */
@Timeout(60)
class ReductionsTest {
  @TempDir Path directory;
  private ReducingStore reducing;
  private Store store;

  @BeforeEach
  void open() {
    reducing = new ReducingStore(directory, Duration.ofSeconds(10));
    store = reducing.store;
  }

  @AfterEach
  void close() {
    reducing.close();
  }

  private CompletableFuture<Receipt> start(Commit commit) {
    return reducing.start(commit);
  }

  private Snapshot read() {
    return reducing.read();
  }

  @Test
  void aCommitThatCameMeanwhileIsNotLost() throws Exception {
    CompletableFuture<Receipt> answer = start(reduce("a", "m:f"));
    Reduction first = store.reductions().next();
    assertEquals("none", first.question().split("\0", 4)[2]);
    store.commit(by("other").append("k", "7").commit());
    assertTrue(done(first, "[1]"));
    assertFalse(answer.isDone(), "what was made of an old value is not committed");
    Reduction again = store.reductions().next();
    assertEquals("[7]", again.value());
    done(again, "[7, 1]");
    assertEquals(2, answer.get().keys().get(0).version());
    assertEquals("[7, 1]", text(read()));
  }

  @Test
  void aRepeatedRequestRunsNothing() throws Exception {
    CompletableFuture<Receipt> answer = start(reduce("a", "m:f"));
    CompletableFuture<Receipt> copy = start(reduce("a", "m:f"));
    done(store.reductions().next(), "1");
    assertEquals(1, answer.get().keys().get(0).version());
    Reduction second = store.reductions().next(); // it was in the queue already
    done(second, "2");
    assertTrue(copy.get().replayed());
    assertTrue(start(reduce("a", "m:f")).get().replayed());
    assertEquals("1", text(read()));
    assertEquals(ErrorCode.REQUEST_ID_REUSED, refusal(start(reduce("a", "m:other"))));
  }

  @Test
  void whatFailedStaysFailed() throws Exception {
    CompletableFuture<Receipt> answer = start(reduce("a", "m:f"));
    Reduction reduction = store.reductions().next();
    assertTrue(reduction.done("failed 6 5", "raisedthere".getBytes(UTF_8)));
    assertFalse(done(reduction, "1"), "it was answered");
    assertFalse(new Late(reduction, 0).giveUp("took long", "", "", new byte[0]), "its thread has answered and goes on");
    assertEquals(ErrorCode.REFUSED_VALUE, refusal(answer));
    assertEquals(ErrorCode.REFUSED_VALUE, refusal(start(reduce("a", "m:f"))));
    assertFalse(read().exists());
  }

  @Test
  void aClaimedKeyIsWaitedForBeforeAndAfterTheFunctionHasRun() throws Exception {
    store.claim(claim("k", claimId('a'), 60_000, 0));
    CompletableFuture<Receipt> answer = start(reduce("a", "m:f"));
    store.release(key("k"), claimId('a'), -1);
    Reduction reduction = store.reductions().next();
    store.claim(claim("k", claimId('b'), 60_000, 0));
    done(reduction, "1");
    assertFalse(answer.isDone());
    store.release(key("k"), claimId('b'), -1);
    done(store.reductions().next(), "2");
    assertEquals(1, answer.get().keys().get(0).version());
    assertEquals("2", text(read()));
  }

  @Test
  void aReclamationDoesNotFenceABareReduce() throws Exception {
    CompletableFuture<Receipt> answer = start(reduce("a", "m:f"));
    Reduction reduction = store.reductions().next();
    store.reclaim(Request.reclaim("k", null, null));
    done(reduction, "1");
    assertEquals(1, answer.get().keys().get(0).epoch());
  }

  @Test
  void aFunctionOfAnotherModuleNeverRuns() {
    assertEquals(ErrorCode.INVALID, refusal(start(reduce("a", "os:system"))));
    store.reductions().close("of the test");
    assertEquals(ErrorCode.UNSUPPORTED, refusal(start(reduce("b", "m:f"))));
  }

  @Test
  void oneThatTakesTooLongIsGivenUpAndOthersGoOn() throws Exception {
    store.reductions().open(Set.of("m"), Duration.ofMillis(1));
    CompletableFuture<Receipt> answer = start(reduce("a", "m:f"));
    Reduction slow = store.reductions().next();
    store.commit(by("other").append("another", "7").commit());
    Late late = store.reductions().late();
    assertEquals(slow.number(), late.number());
    assertTrue(late.giveUp(store.reductions().tooLong(), "", "", new byte[0]));
    assertTrue(late.giveUp(store.reductions().tooLong(), "", "", new byte[0]), "it was given up before");
    assertEquals(ErrorCode.REFUSED_VALUE, refusal(answer));
    assertFalse(done(slow, "1"));
    assertFalse(read().exists());
  }
}
