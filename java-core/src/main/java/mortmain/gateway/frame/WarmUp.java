package mortmain.gateway.frame;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import mortmain.model.Limits;
import mortmain.model.Rejection;

/**
 * Loads the codec's classes while the journal is read, so that the first client does not wait for them (25 ms on a small machine).
 * Stateless.
 */
public final class WarmUp {
  private static final String FIELDS =
      "{\"writer\":\"w\",\"meta\":{\"a\":\"b\"},\"guards\":[[\"version\",\"a\",1,2],[\"epoch\",\"a\",0]],"
          + "\"writes\":[[\"put\",\"a\",\"application/json\",2,false]],\"plain\":true}";

  private WarmUp() {}

  /** Reads a commit and writes an error, both to nobody. */
  public static void run() {
    byte[] fields = FIELDS.getBytes(UTF_8);
    ByteBuffer frame = ByteBuffer.allocate(Request.HEADER + 1 + fields.length + 2);
    frame.put(new byte[] {1, (byte) Op.COMMIT.code(), 1, 0}).putInt(0).putLong(0).putLong(0).putInt(fields.length);
    frame.put((byte) 'r').put(fields).put(new byte[] {'{', '}'});
    new CommitReader(Request.of(frame.array(), 0, frame.position()), Limits.DEFAULT).read();
    Reply reply = new Reply();
    Answers.error(reply, Rejection.invalid("nobody", "asked").exception());
    reply.seal(0);
  }
}
