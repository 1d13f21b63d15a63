package mortmain.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import mortmain.gateway.frame.Op;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Numbers that stand for objects, over a real socket against a real store. */
final class BriefFramesTest {
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
    Answer answer = peer.call(frame);
    assertEquals(0, answer.status(), () -> answer.fields().toString());
    return answer.fields();
  }

  private static byte[] briefly(byte[] frame) {
    frame[3] = 1;
    return frame;
  }

  @Test
  void briefAnswersAreTheNumbersThatTheOthersSay() throws IOException {
    Answer created = peer.call(briefly(running.create("a", "{\"n\":1}")));
    assertEquals(2, created.status());
    JsonNode snap = ok(Ask.of(Op.READ, "{\"keys\":[\"a\"]}").frame()).get("snaps").get(0);
    long version = snap.get("version").asLong();
    long tag = snap.get("tag").asLong();
    assertArrayEquals(new long[] {version, tag, 0, snap.get("revision").asLong()}, created.numbers());
    Answer turn = peer.call(briefly(Ask.of(Op.TURN, "{\"key\":\"a\",\"wait\":1}").frame()));
    assertEquals(3, turn.status());
    long id = turn.numbers()[0];
    assertArrayEquals(new long[] {id, version, tag, 0, turn.revision()}, Arrays.copyOf(turn.numbers(), 5));
    assertEquals("{\"n\":1}", turn.text());
    ok(Ask.of(Op.TURN_END, "{\"turn\":" + id + "}").frame());
    Answer absent = peer.call(briefly(Ask.of(Op.TURN, "{\"key\":\"b\",\"wait\":1}").frame()));
    assertEquals(5, absent.numbers().length);
    assertEquals(0, absent.payload().length);
  }

  /** A commit of a value on a base with brief fields; {@code turn}: 0 for none. */
  private byte[] briefCommit(String id, long turn, JsonNode base, String writer, String key, String type, String value) {
    byte[][] texts = {writer.getBytes(UTF_8), key.getBytes(UTF_8), type.getBytes(UTF_8), running.store().storeId().getBytes(UTF_8)};
    ByteBuffer fields = ByteBuffer.allocate(5 * 8 + 3 * 2 + texts[0].length + texts[1].length + texts[2].length + texts[3].length);
    fields.putLong(turn).putLong(base.get("version").asLong()).putLong(base.get("tag").asLong());
    fields.putLong(base.get("epoch").asLong()).putLong(base.get("revision").asLong());
    for (int i = 0; i < 3; i++) {
      fields.putShort((short) texts[i].length);
    }
    for (byte[] text : texts) {
      fields.put(text);
    }
    byte[] frame = Ask.of(Op.COMMIT, fields.array()).id(id).with(value).frame();
    frame[3] = 2;
    return frame;
  }

  private JsonNode snapOf(String key) throws IOException {
    return ok(Ask.of(Op.READ, "{\"keys\":[\"" + key + "\"]}").frame()).get("snaps").get(0);
  }

  @Test
  void briefCommitIsTheCommitThatAnObjectSays() throws IOException {
    ok(running.create("a", "1"));
    JsonNode base = snapOf("a");
    JsonNode receipt = ok(briefCommit("b-1", 0, base, "wé", "a", "application/json", "2"));
    assertEquals("a", receipt.get("keys").get(0).get(0).asText());
    JsonNode snap = snapOf("a");
    assertEquals("wé", snap.get("writer").asText());
    assertEquals("application/json", snap.get("type").asText());
    String same = "{\"writer\":\"wé\",\"guards\":[[\"version\",\"a\"," + base.get("version") + "," + base.get("tag") + "],[\"epoch\",\"a\",0]],"
        + "\"writes\":[[\"put\",\"a\",\"application/json\",1,false]],\"store\":\"" + running.store().storeId() + "\",\"base_revision\":"
        + base.get("revision") + ",\"plain\":true}";
    assertTrue(ok(Ask.of(Op.COMMIT, same).id("b-1").with("2").frame()).get("replayed").asBoolean());
    assertEquals("REQUEST_ID_REUSED", peer.call(briefCommit("b-1", 0, base, "wé", "a", "application/json", "3")).code());
    assertEquals("VERSION_CONFLICT", peer.call(briefCommit("b-2", 0, base, "w", "a", "application/json", "3")).code());
    ok(Ask.of(Op.RECLAIM, "{\"key\":\"a\",\"writer\":\"w\",\"reason\":\"late\"}").id("r-1").frame());
    assertEquals("FENCED", peer.call(briefCommit("b-3", 0, snap, "w", "a", "application/json", "3")).code());
  }

  @Test
  void malformedBriefCommitChangesNothing() throws IOException {
    ok(running.create("a", "1"));
    JsonNode base = snapOf("a");
    byte[] whole = briefCommit("b-1", 0, base, "w", "a", "text/plain", "2");
    int fieldsAt = 28 + 3;
    for (int length : new int[] {0, 45}) {
      byte[] cut = Arrays.copyOf(whole, fieldsAt + length);
      ByteBuffer.wrap(cut).putInt(24, length);
      assertEquals("INVALID", peer.call(cut).code());
    }
    for (int at : new int[] {40, 42, 44}) {
      byte[] long_ = whole.clone();
      ByteBuffer.wrap(long_).putShort(fieldsAt + at, (short) -1);
      assertEquals("INVALID", peer.call(long_).code());
    }
    byte[] noText = whole.clone();
    noText[fieldsAt + 46] = (byte) 0xff;
    assertEquals("INVALID", peer.call(noText).code());
    assertEquals("INVALID", peer.call(briefCommit("b-2", 0, base, "w", "/a", "text/plain", "2")).code());
    assertEquals("INVALID", peer.call(briefCommit("b-3", 0, base, "w".repeat(2000), "a", "text/plain", "2")).code());
    for (Op other : new Op[] {Op.READ, Op.PING, Op.TURN}) {
      byte[] frame = Ask.of(other, "{\"keys\":[\"a\"],\"key\":\"a\",\"wait\":1}").frame();
      frame[3] = 2;
      assertEquals("INVALID", peer.call(frame).code());
    }
    assertEquals(base.get("version"), snapOf("a").get("version"));
  }

  @Test
  void whatNumbersCannotSayIsSaidAtLength() throws IOException {
    byte[] frame = briefly(running.create("a", "1"));
    assertEquals(2, peer.call(frame).status());
    assertTrue(ok(frame).get("replayed").asBoolean());
    String sum = "{\"writer\":\"w\",\"guards\":[],\"writes\":[[\"increment\",\"a\",\"2\"]],\"plain\":true}";
    assertEquals(3, ok(briefly(Ask.of(Op.COMMIT, sum).id("sum").frame())).get("keys").get(0).get(5).asInt());
    assertEquals("VERSION_CONFLICT", peer.call(briefly(running.create("a", "2"))).code());
    assertEquals(0, peer.call(briefly(Ask.of(Op.PING, "{}").frame())).status());
  }
}
