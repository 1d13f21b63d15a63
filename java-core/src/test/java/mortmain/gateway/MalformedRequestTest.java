package mortmain.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Arrays;
import mortmain.gateway.frame.Op;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Requests that lie, each answered INVALID while the connection stays usable and nothing is written. */
final class MalformedRequestTest {
  private static Running running;
  private Peer peer;

  @BeforeAll
  static void open() throws Exception {
    running = Running.unix();
  }

  @AfterAll
  static void stop() throws IOException {
    running.close();
  }

  @BeforeEach
  void connect() throws IOException {
    peer = running.frames();
  }

  @AfterEach
  void nothingWasWrittenAndTheConnectionIsUsable() throws IOException {
    Answer answer = peer.call(Ask.of(Op.SCAN, "{\"prefix\":\"\"}").frame());
    assertEquals(0, answer.status(), () -> answer.fields().toString());
    assertEquals(0, answer.fields().get("snaps").size(), "nothing was written");
    peer.close();
  }

  private void refused(String code, String field, byte[] frame) throws IOException {
    Answer answer = peer.call(frame);
    assertEquals(code, answer.code(), () -> answer.fields().toString());
    if (field != null) {
      assertEquals(field, answer.fields().path("field").asText(), () -> answer.fields().toString());
    }
    assertTrue(answer.fields().path("message").asText().length() > 5);
    assertEquals(code, answer.fields().path("failures").path(0).path("code").asText());
  }

  private void invalid(String field, Ask ask) throws IOException {
    refused("INVALID", field, ask.frame());
  }

  private static Ask commit(String guards, String writes) {
    return Ask.of(Op.COMMIT, "{\"writer\":\"w\",\"guards\":" + guards + ",\"writes\":" + writes + ",\"plain\":true}").id(running.nextId());
  }

  private static byte[] patched(byte[] frame, int at, int value) {
    frame[at] = (byte) value;
    return frame;
  }

  private static byte[] ping() {
    return Ask.of(Op.PING, "{}").frame();
  }

  @Test
  void emptyFrame() throws IOException {
    refused("INVALID", "frame", new byte[0]);
  }

  @Test
  void frameShorterThanItsHeader() throws IOException {
    refused("INVALID", "frame", Arrays.copyOf(ping(), 27));
  }

  @Test
  void unknownFormat() throws IOException {
    refused("INVALID", "frame", patched(ping(), 0, 2));
  }

  @Test
  void reservedByteSet() throws IOException {
    refused("INVALID", "frame", patched(ping(), 3, 4));
  }

  @Test
  void unknownOperation() throws IOException {
    refused("UNSUPPORTED", null, Ask.of(200, "{}").frame());
  }

  @Test
  void operationZero() throws IOException {
    refused("UNSUPPORTED", null, Ask.of(0, "{}").frame());
  }

  @Test
  void requestIdLongerThanTheFrame() throws IOException {
    refused("INVALID", "frame", patched(ping(), 2, 100));
  }

  @Test
  void requestIdAbove128Bytes() throws IOException {
    refused("INVALID", "frame", Ask.of(Op.PING, "{}").id("x".repeat(129)).frame());
  }

  @Test
  void requestIdThatIsNotUtf8() throws IOException {
    refused("INVALID", "request_id", patched(Ask.of(Op.PING, "{}").id("xy").frame(), 28, 0xff));
  }

  @Test
  void fieldsLongerThanTheFrame() throws IOException {
    refused("INVALID", "frame", patched(ping(), 27, 3));
  }

  @Test
  void negativeLengthOfTheFields() throws IOException {
    refused("INVALID", "frame", patched(ping(), 24, 0x80));
  }

  @Test
  void negativeAttempt() throws IOException {
    invalid("frame", Ask.of(Op.PING, "{}").attempt(-1));
  }

  @Test
  void negativeDeadline() throws IOException {
    invalid("frame", Ask.of(Op.PING, "{}").deadline(-1));
  }

  @Test
  void negativeSince() throws IOException {
    invalid("frame", Ask.of(Op.PING, "{}").since(-1));
  }

  @Test
  void fieldsThatAreNotJson() throws IOException {
    invalid("fields", Ask.of(Op.READ, "{keys}"));
  }

  @Test
  void fieldsThatAreAList() throws IOException {
    invalid("fields", Ask.of(Op.READ, "[]"));
  }

  @Test
  void fieldsThatEndEarly() throws IOException {
    invalid("fields", Ask.of(Op.READ, "{\"keys\":[\"a\""));
  }

  @Test
  void somethingBehindTheFields() throws IOException {
    invalid("fields", Ask.of(Op.READ, "{\"keys\":[]} {}"));
  }

  @Test
  void fieldsThatAreNotUtf8() throws IOException {
    byte[] frame = Ask.of(Op.READ, "{\"keys\":[\"aaaa\"]}").frame();
    refused("INVALID", "fields", patched(frame, frame.length - 5, 0xff));
  }

  @Test
  void nestingBomb() throws IOException {
    invalid("fields", Ask.of(Op.READ, "{\"x\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}"));
  }

  @Test
  void objectBomb() throws IOException {
    invalid("fields", Ask.of(Op.READ, "{\"x\":" + "{\"x\":".repeat(50_000) + "1" + "}".repeat(50_000) + "}"));
  }

  @Test
  void textBomb() throws IOException {
    invalid("fields", Ask.of(Op.READ, "{\"keys\":[\"" + "a".repeat(1 << 20) + "\"]}"));
  }

  @Test
  void numberBomb() throws IOException {
    invalid(null, Ask.of(Op.SCAN, "{\"prefix\":\"\",\"limit\":" + "9".repeat(100_000) + "}"));
  }

  @Test
  void exponentBomb() throws IOException {
    invalid("limit", Ask.of(Op.SCAN, "{\"prefix\":\"\",\"limit\":1e999999999}"));
  }

  @Test
  void keyBomb() throws IOException {
    invalid("keys", Ask.of(Op.READ, "{\"keys\":[" + "\"a\",".repeat(20_000) + "\"a\"]}"));
  }

  @Test
  void keyThatIsANumber() throws IOException {
    invalid("keys", Ask.of(Op.READ, "{\"keys\":[7]}"));
  }

  @Test
  void keyWithALoneSurrogate() throws IOException {
    invalid("key", Ask.of(Op.READ, "{\"keys\":[\"a\\ud800\"]}"));
  }

  @Test
  void keyThatClimbsOut() throws IOException {
    invalid("key", Ask.of(Op.READ, "{\"keys\":[\"a/../b\"]}"));
  }

  @Test
  void keysMissing() throws IOException {
    invalid("keys", Ask.of(Op.READ, "{}"));
  }

  @Test
  void fieldsMissingAltogether() throws IOException {
    invalid("keys", Ask.of(Op.READ, ""));
  }

  @Test
  void revisionBelowZero() throws IOException {
    invalid("at", Ask.of(Op.READ, "{\"keys\":[\"a\"],\"at\":-5}"));
  }

  @Test
  void prefixWithoutItsSlash() throws IOException {
    invalid("prefix", Ask.of(Op.SCAN, "{\"prefix\":\"a\"}"));
  }

  @Test
  void scanAboveTheLimit() throws IOException {
    invalid("limit", Ask.of(Op.SCAN, "{\"prefix\":\"\",\"limit\":1000000000}"));
  }

  @Test
  void commitWithoutRequestId() throws IOException {
    invalid("request_id", Ask.of(Op.COMMIT, "{\"writer\":\"w\",\"guards\":[],\"writes\":[[\"append\",\"a\",[1],null]]}").with("1"));
  }

  @Test
  void commitWithoutWriter() throws IOException {
    invalid("writer", Ask.of(Op.COMMIT, "{\"writes\":[[\"append\",\"a\",[1],null]]}").id(running.nextId()).with("1"));
  }

  @Test
  void payloadShorterThanSaid() throws IOException {
    invalid("payload", commit("[[\"absent\",\"a\"]]", "[[\"put\",\"a\",\"application/json\",9,false]]").with("{}"));
  }

  @Test
  void payloadLongerThanSaid() throws IOException {
    invalid("payload", commit("[[\"absent\",\"a\"]]", "[[\"put\",\"a\",\"application/json\",2,false]]").with("{} "));
  }

  @Test
  void negativeLengthOfAValue() throws IOException {
    invalid("writes", commit("[[\"absent\",\"a\"]]", "[[\"put\",\"a\",\"application/json\",-2,false]]").with("{}"));
  }

  @Test
  void lengthAboveTwoGigabytes() throws IOException {
    invalid("writes", commit("[[\"absent\",\"a\"]]", "[[\"put\",\"a\",\"application/json\",4294967298,false]]").with("{}"));
  }

  @Test
  void lengthsWhoseSumOverflows() throws IOException {
    invalid("payload", commit("[]", "[[\"append\",\"a\",[2147483647,2147483647,2],null]]").with("11"));
  }

  @Test
  void unknownGuard() throws IOException {
    invalid("guards", commit("[[\"maybe\",\"a\"]]", "[]"));
  }

  @Test
  void guardThatIsNoList() throws IOException {
    invalid("guards", commit("[7]", "[]"));
  }

  @Test
  void guardWithTooFewElements() throws IOException {
    invalid("guards", commit("[[\"version\",\"a\",1]]", "[]"));
  }

  @Test
  void unknownWrite() throws IOException {
    invalid("writes", commit("[]", "[[\"truncate\",\"a\"]]"));
  }

  @Test
  void emptyWrite() throws IOException {
    invalid("writes", commit("[]", "[[]]"));
  }

  @Test
  void writeBomb() throws IOException {
    invalid("writes", commit("[]", "[" + "[\"delete\",\"a\",false],".repeat(30_000) + "[\"delete\",\"a\",false]]"));
  }

  @Test
  void itemBomb() throws IOException {
    refused("TOO_LARGE", null, commit("[]", "[[\"append\",\"a\",[" + "0,".repeat(300_000) + "0],null]]").frame());
  }

  @Test
  void moreIdsThanItems() throws IOException {
    invalid("writes", commit("[]", "[[\"append\",\"a\",[1],[\"x\",\"y\"]]]").with("1"));
  }

  @Test
  void fewerIdsThanItems() throws IOException {
    invalid("writes", commit("[]", "[[\"append\",\"a\",[1,1],[\"x\"]]]").with("11"));
  }

  @Test
  void valueThatIsNotJson() throws IOException {
    refused("INVALID", null, commit("[[\"absent\",\"a\"]]", "[[\"put\",\"a\",\"application/json\",3,false]]").with("{a}").frame());
  }

  @Test
  void metaWithTooManyPairs() throws IOException {
    StringBuilder meta = new StringBuilder("{\"p0\":\"v\"");
    for (int i = 1; i < 40; i++) {
      meta.append(",\"p").append(i).append("\":\"v\"");
    }
    invalid("meta", Ask.of(Op.COMMIT, "{\"writer\":\"w\",\"meta\":" + meta + "}}").id(running.nextId()));
  }

  @Test
  void metaThatIsNotText() throws IOException {
    invalid("meta", Ask.of(Op.COMMIT, "{\"writer\":\"w\",\"meta\":{\"a\":{\"b\":1}}}").id(running.nextId()));
  }

  @Test
  void claimIdThatIsNotHex() throws IOException {
    invalid("claim_id", Ask.of(Op.CLAIM, "{\"key\":\"a\",\"claim_id\":\"" + "z".repeat(32) + "\",\"ttl\":1,\"holder\":\"h\"}"));
  }

  @Test
  void claimForNegativeTime() throws IOException {
    invalid("ttl", Ask.of(Op.CLAIM, "{\"key\":\"a\",\"claim_id\":\"" + "0".repeat(32) + "\",\"ttl\":-1,\"holder\":\"h\"}"));
  }

  @Test
  void claimThatWaitsNegativeTime() throws IOException {
    invalid("wait", Ask.of(Op.CLAIM, "{\"key\":\"a\",\"claim_id\":\"" + "0".repeat(32) + "\",\"ttl\":1,\"wait\":-1,\"holder\":\"h\"}"));
  }

  @Test
  void reclaimOfTwoThingsAtOnce() throws IOException {
    invalid("key", Ask.of(Op.RECLAIM, "{\"key\":\"a\",\"prefix\":\"b/\",\"writer\":\"w\"}").id(running.nextId()));
  }

  @Test
  void reclaimOfNothing() throws IOException {
    invalid("key", Ask.of(Op.RECLAIM, "{\"writer\":\"w\"}").id(running.nextId()));
  }

  @Test
  void requestTakenUpTooLate() throws IOException {
    Answer answer = peer.call(Ask.of(Op.READ, "{\"keys\":[\"a\"]}").deadline(1).frame());
    assertEquals("UNAVAILABLE", answer.code());
    assertEquals("timeout", answer.fields().get("reason").asText());
  }

  @Test
  void commitTakenUpTooLateIsNotJudged() throws IOException {
    Answer answer = peer.call(commit("[]", "[[\"append\",\"a\",[1],null]]").deadline(1).with("1").frame());
    assertEquals("UNAVAILABLE", answer.code());
    assertEquals("timeout", answer.fields().get("reason").asText());
  }

  @Test
  void helloWithoutCommonProtocol() throws IOException {
    Answer answer = peer.call(Ask.of(Op.HELLO, "{\"min\":7,\"max\":9}").frame());
    assertEquals("UNAVAILABLE", answer.code());
    assertEquals(1, answer.fields().get("min").asInt());
    assertEquals(1, answer.fields().get("max").asInt());
  }

  @Test
  void tenThousandRandomFramesEndNothing() throws IOException {
    java.util.Random random = new java.util.Random(42);
    byte[] good = commit("[[\"absent\",\"a\"]]", "[[\"put\",\"a\",\"application/json\",9,false]]").with("{}").frame();
    for (int i = 0; i < 10_000; i++) {
      byte[] frame = good.clone();
      for (int flips = random.nextInt(6); flips >= 0; flips--) {
        frame[random.nextInt(frame.length)] = (byte) random.nextInt(256);
      }
      if (frame[1] == Op.STOP.code()) {
        continue;
      }
      Answer answer = peer.call(Arrays.copyOf(frame, frame.length - random.nextInt(3)));
      assertTrue(answer.status() == 0 || !answer.fields().path("reason").asText().equals("internal"), () -> answer.fields() + " " + new String(frame, UTF_8));
    }
  }
}
