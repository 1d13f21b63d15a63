package mortmain.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import mortmain.gateway.frame.Op;

/** Builds request frames independently of the code under test. Mutable; one thread. */
public final class Ask {
  private final int op;
  private final byte[] fields;
  private final ByteArrayOutputStream payload = new ByteArrayOutputStream();
  private String id = "";
  private int attempt;
  private long deadline;
  private long since;

  private Ask(int op, byte[] fields) {
    this.op = op;
    this.fields = fields;
  }

  public static Ask of(Op op, String fields) {
    return of(op.code(), fields);
  }

  public static Ask of(Op op, byte[] fields) {
    return new Ask(op.code(), fields);
  }

  public static Ask of(int op, String fields) {
    return new Ask(op, fields.getBytes(UTF_8));
  }

  public Ask id(String requestId) {
    id = requestId;
    return this;
  }

  public Ask attempt(int number) {
    attempt = number;
    return this;
  }

  public Ask deadline(long millis) {
    deadline = millis;
    return this;
  }

  public Ask since(long revision) {
    since = revision;
    return this;
  }

  public Ask with(String value) {
    return with(value.getBytes(UTF_8));
  }

  public Ask with(byte[] value) {
    payload.writeBytes(value);
    return this;
  }

  public byte[] frame() {
    byte[] idBytes = id.getBytes(UTF_8);
    ByteBuffer frame = ByteBuffer.allocate(28 + idBytes.length + fields.length + payload.size());
    frame.put((byte) 1).put((byte) op).put((byte) idBytes.length).put((byte) 0).putInt(attempt).putLong(deadline).putLong(since);
    frame.putInt(fields.length).put(idBytes).put(fields).put(payload.toByteArray());
    return frame.array();
  }
}
