package mortmain.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import mortmain.Store;
import mortmain.StoreOptions;
import mortmain.gateway.frame.Op;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Each operation over a real socket against a real store. */
final class OperationsTest {
  private static final String CLAIM = "0123456789abcdef0123456789abcdef";

  private Running running;
  private Peer peer;

  @BeforeEach
  void open() throws Exception {
    running = Running.unix();
    peer = running.frames();
  }

  @AfterEach
  void close() throws IOException {
    peer.close();
    running.close();
  }

  private JsonNode ok(byte[] frame) throws IOException {
    return ok(peer.call(frame));
  }

  private static JsonNode ok(Answer answer) {
    assertEquals(0, answer.status(), () -> answer.fields().toString());
    return answer.fields();
  }

  private static Ask claim(String id, String holder, String wait) {
    return Ask.of(Op.CLAIM, "{\"key\":\"a\",\"claim_id\":\"" + id + "\",\"ttl\":30.5,\"wait\":" + wait + ",\"holder\":\"" + holder + "\"}");
  }

  @Test
  void helloSaysWhatAClientNeeds() throws IOException {
    JsonNode hello = ok(Ask.of(Op.HELLO, "{\"min\":1,\"max\":3,\"client\":\"x\",\"features\":[\"new\"],\"agent\":\"a\",\"later\":{\"a\":[1]}}").frame());
    assertEquals(1, hello.get("protocol").asInt());
    assertEquals(running.discovery().get("instance").asText(), hello.get("instance").asText());
    assertEquals(running.store().storeId(), hello.get("store_id").asText());
    assertEquals(running.directory().toString(), hello.get("directory").asText());
    assertTrue(Math.abs(hello.get("clock").asDouble() - running.store().now() / 1e6) < 10_000);
    for (String limit : new String[] {"value", "key", "frame", "meta", "keys", "commit"}) {
      assertTrue(hello.get("limits").get(limit).asLong() > 0, limit);
    }
  }

  @Test
  void commitIsDurableWhenItIsAnswered() throws IOException {
    Answer answer = peer.call(running.create("a", "{\"n\":1}"));
    JsonNode receipt = ok(answer);
    assertTrue(answer.revision() >= receipt.get("revision").asLong());
    assertEquals(1, receipt.get("keys").get(0).get(1).asLong());
    assertFalse(receipt.get("replayed").asBoolean());
    Answer read = peer.call(Ask.of(Op.READ, "{\"keys\":[\"a\",\"none\"]}").frame());
    JsonNode snaps = ok(read).get("snaps");
    assertEquals("{\"n\":1}", read.text());
    assertEquals(7, snaps.get(0).get("len").asInt());
    assertEquals("w", snaps.get(0).get("writer").asText());
    assertFalse(snaps.get(1).get("exists").asBoolean());
  }

  @Test
  void sameRequestAgainIsReplayed() throws IOException {
    byte[] frame = running.create("a", "1");
    ok(frame);
    assertTrue(ok(frame).get("replayed").asBoolean());
  }

  @Test
  void rejectionCarriesWhatTheLoserNeeds() throws IOException {
    ok(running.create("a", "{\"n\":1}"));
    Answer lost = peer.call(running.create("a", "{\"n\":2}"));
    assertEquals("VERSION_CONFLICT", lost.code());
    assertEquals("reread", lost.fields().get("retry").asText());
    assertEquals("a", lost.fields().get("key").asText());
    assertEquals(1, lost.fields().get("current").get("version").asInt());
    assertEquals("{\"n\":1}", lost.text());
  }

  @Test
  void replayedRejectionIsTheSame() throws IOException {
    ok(running.create("a", "1"));
    byte[] frame = running.create("a", "2");
    Answer first = peer.call(frame);
    Answer second = peer.call(frame);
    assertEquals(first.fields(), second.fields());
    assertEquals(first.text(), second.text());
  }

  @Test
  void largeCurrentValueIsNotSent() throws IOException {
    ok(running.create("a", "\"" + "x".repeat(70_000) + "\""));
    Answer lost = peer.call(running.create("a", "2"));
    assertTrue(lost.fields().get("current").get("partial").asBoolean());
    assertEquals(0, lost.payload().length);
  }

  @Test
  void megabyteGoesInAndComesOut() throws IOException {
    String json = "\"" + "y".repeat(1 << 20) + "\"";
    ok(running.create("big", json));
    assertEquals(json, peer.call(Ask.of(Op.READ, "{\"keys\":[\"big\"]}").frame()).text());
    assertEquals(0L, running.gateway().info().get("in_flight"), "its share of the memory is free again");
  }

  @Test
  void manyValuesComeInOrder() throws IOException {
    StringBuilder keys = new StringBuilder();
    StringBuilder expected = new StringBuilder();
    for (int i = 0; i < 120; i++) {
      String json = "\"" + Integer.toString(i).repeat(i % 7 == 0 ? 20_000 : 300) + "\"";
      ok(running.create("k/" + i, json));
      keys.append(i == 0 ? "" : ",").append("\"k/").append(i).append('"');
      expected.append(json);
    }
    assertEquals(expected.toString(), peer.call(Ask.of(Op.READ, "{\"keys\":[" + keys + "]}").frame()).text());
  }

  @Test
  void writesBeforeGuardsInTheJsonCutThePayloadTheSame() throws IOException {
    ok(running.create("a", "{\"x\":1,\"y\":2}"));
    JsonNode snap = ok(Ask.of(Op.READ, "{\"keys\":[\"a\"]}").frame()).get("snaps").get(0);
    String fields =
        "{\"writes\":[[\"merge\",\"a\",7]],\"guards\":[[\"fields\",\"a\"," + snap.get("version") + "," + snap.get("tag")
            + ",7]],\"writer\":\"w\",\"plain\":true}";
    ok(Ask.of(Op.COMMIT, fields).id("m").with("{\"x\":1}").with("{\"x\":5}").frame());
    assertEquals("{\"x\":5,\"y\":2}", peer.call(Ask.of(Op.READ, "{\"keys\":[\"a\"]}").frame()).text());
  }

  @Test
  void everyKindOfWriteArrives() throws IOException {
    String writes =
        "[[\"put\",\"p\",\"text/plain\",2,true,\"a newer client's\"],[\"ensure\",\"e\",\"application/json\",1],"
            + "[\"append\",\"l\",[1,1],[\"id\",null]],[\"increment\",\"n\",\"2.5\"],[\"add_to_set\",\"s\",1],[\"merge\",\"m\",7]]";
    JsonNode receipt =
        ok(
            Ask.of(Op.COMMIT, "{\"writer\":\"w\",\"guards\":[[\"absent\",\"p\"]],\"writes\":" + writes + ",\"plain\":true}")
                .id("all")
                .with("hi")
                .with("7")
                .with("1")
                .with("2")
                .with("3")
                .with("{\"a\":1}")
                .frame());
    assertEquals(6, receipt.get("keys").size());
    Answer read = peer.call(Ask.of(Op.READ, "{\"keys\":[\"p\",\"e\",\"l\",\"n\",\"s\",\"m\"]}").frame());
    assertEquals("hi7[1,2]2.5[3]{\"a\":1}", read.text());
    assertEquals("text/plain", read.fields().get("snaps").get(0).get("type").asText());
  }

  @Test
  void prefixIsDeleted() throws IOException {
    ok(running.create("d/x", "1"));
    ok(running.create("e", "1"));
    JsonNode snap = ok(Ask.of(Op.READ, "{\"keys\":[\"d/x\"]}").frame()).get("snaps").get(0);
    String guards = "[[\"version\",\"d/x\",1," + snap.get("tag") + "],[\"epoch\",\"d/x\",0]]";
    ok(Ask.of(Op.COMMIT, "{\"writer\":\"w\",\"guards\":" + guards + ",\"writes\":[[\"delete_prefix\",\"d/\"]]}").id("gone").frame());
    assertEquals("e", ok(Ask.of(Op.SCAN, "{\"prefix\":\"\"}").frame()).get("snaps").get(0).get("key").asText());
  }

  @Test
  void scanStopsAtItsLimitAndGoesOn() throws IOException {
    for (String key : new String[] {"k/1", "k/2", "k/3", "other"}) {
      ok(running.create(key, "1"));
    }
    JsonNode first = ok(Ask.of(Op.SCAN, "{\"prefix\":\"k/\",\"limit\":2,\"values\":false}").frame());
    assertTrue(first.get("more").asBoolean());
    JsonNode rest = ok(Ask.of(Op.SCAN, "{\"prefix\":\"k/\",\"limit\":2,\"after\":\"k/2\",\"at\":" + first.get("read_revision") + "}").frame());
    assertEquals("k/3", rest.get("snaps").get(0).get("key").asText());
    assertFalse(rest.get("more").asBoolean());
  }

  @Test
  void claimIsGrantedShownRenewedAndReleased() throws IOException {
    JsonNode grant = ok(claim(CLAIM, "me", "0").frame());
    assertEquals(30.5, grant.get("ttl").asDouble());
    assertEquals(CLAIM, grant.get("claim_id").asText());
    JsonNode shown = ok(Ask.of(Op.CLAIMS, "{}").frame()).get("claims").get(0);
    assertEquals("me", shown.get("holder").asText());
    assertFalse(shown.toString().contains(CLAIM));
    assertTrue(ok(Ask.of(Op.RENEW, "{\"key\":\"a\",\"claim_id\":\"" + CLAIM + "\"}").frame()).get("remaining").asDouble() > 30);
    ok(Ask.of(Op.RELEASE, "{\"key\":\"a\",\"claim_id\":\"" + CLAIM + "\",\"epoch\":0}").frame());
    assertEquals(0, ok(Ask.of(Op.CLAIMS, "{\"prefix\":\"\"}").frame()).get("claims").size());
  }

  @Test
  void grantThatNobodyReceivesIsGivenBack() throws Exception {
    ok(claim(CLAIM, "first", "0").frame());
    try (Peer waiting = running.frames()) {
      waiting.sendFrame(claim("f".repeat(32), "gone", "20").frame());
      awaitQueue();
    } // it closes while it waits
    ok(Ask.of(Op.RELEASE, "{\"key\":\"a\",\"claim_id\":\"" + CLAIM + "\"}").frame());
    ok(claim("e".repeat(32), "third", "10").frame());
    assertEquals("third", ok(Ask.of(Op.CLAIMS, "{}").frame()).get("claims").get(0).get("holder").asText());
  }

  /** Until the waiting claim has reached the store: a second one is then behind it. */
  private void awaitQueue() throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (running.gateway().waitingRequests() == 0) {
      assertTrue(System.nanoTime() < end, "the claim was never taken up");
      Thread.onSpinWait();
    }
  }

  @Test
  void claimAskedForAgainOnAnotherConnectionSurvivesTheFirst() throws Exception {
    ok(claim(CLAIM, "holder", "0").frame());
    CompletableFuture<Answer> second;
    try (Peer first = running.frames();
        Peer again = running.frames()) {
      first.sendFrame(claim("f".repeat(32), "waiter", "20").frame());
      awaitQueue();
      second = CompletableFuture.supplyAsync(() -> uncheckedCall(again, claim("f".repeat(32), "waiter", "20").frame()));
      awaitWaiting(2);
      first.endOutput();
      ok(Ask.of(Op.RELEASE, "{\"key\":\"a\",\"claim_id\":\"" + CLAIM + "\"}").frame());
      ok(second.get(10, TimeUnit.SECONDS));
      awaitWaiting(0);
      assertEquals("waiter", ok(Ask.of(Op.CLAIMS, "{}").frame()).get("claims").get(0).get("holder").asText());
    }
  }

  private void awaitWaiting(int number) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (running.gateway().waitingRequests() != number) {
      assertTrue(System.nanoTime() < end, "waiting requests: " + running.gateway().waitingRequests());
      Thread.onSpinWait();
    }
  }

  private static Answer uncheckedCall(Peer peer, byte[] frame) {
    try {
      return peer.call(frame);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void waitNeverOutlastsTheDeadline() throws IOException {
    ok(claim(CLAIM, "first", "0").frame());
    long clock = ok(Ask.of(Op.HELLO, "{\"min\":1,\"max\":1}").frame()).get("clock").asLong();
    long start = System.nanoTime();
    Answer held = peer.call(claim("f".repeat(32), "second", "null").deadline(clock + 300).frame());
    assertEquals("CLAIM_HELD", held.code());
    assertEquals("first", held.fields().get("holder").asText());
    assertTrue(System.nanoTime() - start < TimeUnit.SECONDS.toNanos(10));
  }

  @Test
  void reclaimFencesAndSaysWhom() throws IOException {
    ok(claim(CLAIM, "stalled", "0").frame());
    JsonNode done = ok(Ask.of(Op.RECLAIM, "{\"key\":\"a\",\"writer\":\"op\",\"reason\":\"stalled\"}").id("r").frame());
    assertEquals("[[\"a\",1,\"stalled\"]]", done.get("reclaimed").toString());
    Answer fenced = peer.call(Ask.of(Op.CHECK, "{\"guards\":[[\"epoch\",\"a\",0]]}").frame());
    assertEquals("FENCED", fenced.code());
    assertEquals("op", fenced.fields().get("reclaimed_by").asText());
    assertEquals(1, fenced.fields().get("current_epoch").asInt());
    ok(Ask.of(Op.CHECK, "{\"guards\":[[\"epoch\",\"a\",1]]}").frame());
  }

  @Test
  void turnEndsWithItsConnection() throws IOException {
    try (Peer first = running.frames()) {
      assertTrue(ok(first.call(Ask.of(Op.TURN, "{\"key\":\"a\",\"wait\":1}").frame())).get("turn").asLong() != 0);
    }
    long start = System.nanoTime();
    assertNotNull(ok(Ask.of(Op.TURN, "{\"key\":\"a\",\"wait\":5}").frame()).get("snap"));
    assertTrue(System.nanoTime() - start < TimeUnit.MILLISECONDS.toNanos(1500), "a turn ends by itself only after 2 s");
  }

  @Test
  void turnPassesOnByTurnEnd() throws IOException {
    try (Peer first = running.frames()) {
      JsonNode turn = ok(first.call(Ask.of(Op.TURN, "{\"key\":\"a\",\"wait\":1}").frame()));
      ok(first.call(Ask.of(Op.TURN_END, "{\"turn\":" + turn.get("turn") + "}").frame()));
      ok(Ask.of(Op.TURN, "{\"key\":\"a\",\"wait\":5}").frame());
    }
  }

  @Test
  void resolveIsTheFinalWord() throws IOException {
    byte[] frame = running.create("a", "1");
    ok(frame);
    JsonNode known = ok(Ask.of(Op.RESOLVE, "{\"request_id\":\"request-1\",\"writer\":\"w\"}").frame());
    assertEquals("committed", known.get("outcome").asText());
    assertEquals("a", known.get("keys").get(0).get(0).asText());
    assertEquals("not_committed", ok(Ask.of(Op.RESOLVE, "{\"request_id\":\"request-2\",\"writer\":\"w\"}").frame()).get("outcome").asText());
    assertEquals("REQUEST_ID_REUSED", peer.call(running.create("b", "1")).code());
  }

  @Test
  void infoShowsTheGatewayAndTheStore() throws IOException {
    ok(running.create("a", "1"));
    peer.call(running.create("a", "1"));
    JsonNode info = ok(Ask.of(Op.INFO, "{}").frame());
    assertEquals(ProcessHandle.current().pid(), info.get("pid").asLong());
    assertEquals("unix", info.get("transport").asText());
    assertEquals(1, info.get("connections").asInt());
    assertEquals(running.store().storeId(), info.get("store_id").asText());
    assertEquals(2, info.get("counters").get("commit").asInt());
    assertEquals(1, info.get("counters").get("rejections").get("VERSION_CONFLICT").asInt());
    assertEquals(2, info.get("latencies").get("commit").get("count").asInt());
    assertTrue(info.get("latencies").get("commit").get("p99").asDouble() > 0);
    assertTrue(info.get("limits").get("in_flight").asLong() > 0);
  }

  @Test
  void connectionAboveTheLimitIsToldWhy() throws IOException {
    List<SocketChannel> all = new ArrayList<>();
    try {
      UnixDomainSocketAddress socket = UnixDomainSocketAddress.of(running.directory().resolve("run/gateway.sock"));
      for (int i = 0; i < 1024; i++) {
        all.add(SocketChannel.open(socket));
      }
      try (Peer refused = running.frames()) {
        Answer hello = refused.call(Ask.of(Op.HELLO, "{\"min\":1,\"max\":1}").frame());
        assertEquals("UNAVAILABLE", hello.code());
        assertEquals("too-many-connections", hello.fields().get("reason").asText());
      }
      ok(running.create("a", "1"));
    } finally {
      for (SocketChannel one : all) {
        one.close();
      }
    }
  }

  @Test
  void verifyReportsWhole() throws IOException {
    ok(running.create("a", "1"));
    assertTrue(ok(Ask.of(Op.VERIFY, "{}").frame()).get("ok").asBoolean());
  }

  @Test
  void verifyThatTakesLongIsAskedForAgain() throws IOException {
    ok(running.create("a", "1"));
    long end = System.nanoTime() + 20_000_000_000L;
    boolean done = false;
    while (!done) {
      assertTrue(System.nanoTime() < end, "it never ended");
      done = ok(Ask.of(Op.VERIFY, "{\"id\":\"v\",\"wait\":0}").frame()).get("done").asBoolean();
    }
    assertTrue(ok(Ask.of(Op.VERIFY, "{\"id\":\"v\"}").frame()).get("ok").asBoolean());
  }

  /** Each is a thread that reads the whole journal: a client that asks by ever new ids must not get one for each. */
  @Test
  void onlySoManyVerificationsRunAtOnce() throws IOException {
    ok(running.create("big", "\"" + "z".repeat(24 << 20) + "\"")); // which takes longer to read than to ask
    List<String> begun = new ArrayList<>();
    Answer refused = null;
    for (int i = 0; i < 200 && refused == null; i++) {
      Answer answer = peer.call(Ask.of(Op.VERIFY, "{\"id\":\"v" + i + "\",\"wait\":0}").frame());
      if (answer.status() == 0) {
        begun.add("v" + i);
      } else {
        refused = answer;
      }
    }
    assertNotNull(refused, "there is no end of them");
    assertEquals("UNAVAILABLE", refused.code());
    for (String id : begun) {
      JsonNode told = ok(Ask.of(Op.VERIFY, "{\"id\":\"" + id + "\",\"wait\":30}").frame());
      assertTrue(told.get("done").asBoolean() && told.get("ok").asBoolean());
    }
    ok(Ask.of(Op.VERIFY, "{\"id\":\"later\",\"wait\":30}").frame());
  }

  @Test
  void stockClientGetsTheSameAnswers() throws IOException {
    try (Peer stock = running.connect()) {
      ok(stock.callText(running.create("a", "{\"n\":1}")));
      assertEquals("{\"n\":1}", stock.callText(Ask.of(Op.READ, "{\"keys\":[\"a\"]}").frame()).text());
      assertEquals("INVALID", stock.callText(new byte[3]).code());
      assertTrue(stock.ask("c\nt\ninfo\ne\n").startsWith("!ys{\"pid\":"));
    }
  }

  @Test
  void stockClientMayHaveAMegabyte() throws IOException {
    String json = "\"" + "z".repeat(1 << 20) + "\"";
    try (Peer stock = running.connect()) {
      ok(stock.callText(running.create("big", json)));
      assertEquals(json, stock.callText(Ask.of(Op.READ, "{\"keys\":[\"big\"]}").frame()).text());
    }
  }

  @Test
  void whoeverStopsTheGatewayIsLetGoWhenItsDirectoryIsFree() throws Exception {
    ok(Ask.of(Op.STOP, "{}").frame());
    assertTrue(peer.isClosed());
    Store.open(running.directory(), StoreOptions.DEFAULT).close();
    assertTrue(running.gateway().awaitStopped(10));
    assertFalse(java.nio.file.Files.exists(running.directory().resolve("run/gateway.json")));
  }
}
