package mortmain.gateway.frame;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.List;

/**
 * One reply while it is made, and its buffer, reused from call to call. Values are kept by reference until they are written. One
 * thread at a time.
 */
public final class Reply {
  /** Bytes of the length in front of a frame. */
  public static final int PREFIX = 4;

  /** Bytes of a reply's header. */
  public static final int HEADER = 16;

  /** What HELLO calls the numbers that stand for an object, in the commonest answers. */
  public static final String BRIEF = "brief";

  private static final int INLINE = 64 << 10;

  private final JsonWriter json = new JsonWriter(PREFIX + HEADER, 2048 - PREFIX - HEADER);
  private final List<byte[]> payload = new ArrayList<>();
  private long payloadLength;
  private int status;
  private boolean alone;

  /** Begins an answer; the caller writes one JSON object. */
  public JsonWriter answer() {
    return begin(0);
  }

  /** Begins an error; the caller writes one JSON object. */
  public JsonWriter error() {
    return begin(1);
  }

  /** Begins an answer that is numbers of 64 bits, and a text behind them. {@code kind}: which ones. */
  void brief(int kind, String text, long... numbers) {
    byte[] last = text.getBytes(UTF_8);
    byte[] fields = new byte[Long.BYTES * numbers.length + last.length];
    for (int i = 0; i < numbers.length; i++) {
      put(fields, Long.BYTES * i, numbers[i], Long.BYTES);
    }
    System.arraycopy(last, 0, fields, Long.BYTES * numbers.length, last.length);
    begin(kind).bytes(fields);
  }

  private JsonWriter begin(int newStatus) {
    status = newStatus;
    json.reset();
    payload.clear();
    payloadLength = 0;
    return json;
  }

  /** Appends a value to the payload; it is not copied. */
  public void add(byte[] value) {
    payload.add(value);
    payloadLength += value.length;
  }

  /** Whether it will say that its connection was the only one that was served lately. */
  void alone(boolean is) {
    alone = is;
  }

  public boolean isError() {
    return status == 1;
  }

  /** Bytes on the wire behind the length prefix. */
  public long length() {
    return json.end() - PREFIX + payloadLength;
  }

  /** Fills in prefix and header, and takes small values into the same buffer. {@code revision}: the durable one. */
  public void seal(long revision) {
    long length = length();
    int fields = json.end() - PREFIX - HEADER;
    inline();
    byte[] frame = json.array();
    put(frame, 0, length, 4);
    frame[4] = 1;
    frame[5] = (byte) status;
    frame[6] = (byte) (alone ? 1 : 0);
    frame[7] = 0;
    put(frame, 8, revision, 8);
    put(frame, 16, fields, 4);
  }

  private void inline() {
    int taken = 0;
    while (taken < payload.size() && json.end() + payload.get(taken).length <= INLINE) {
      byte[] value = payload.get(taken++);
      json.bytes(value);
      payloadLength -= value.length;
    }
    if (taken > 0) {
      payload.subList(0, taken).clear();
    }
  }

  /** Prefix, header, fields and the small values behind them; valid up to {@link #headEnd()}. */
  public byte[] head() {
    return json.array();
  }

  public int headEnd() {
    return json.end();
  }

  /** The values that come behind the head. */
  public List<byte[]> payload() {
    return payload;
  }

  /** The sealed reply without its prefix. */
  public byte[] toBytes() {
    byte[] all = new byte[Math.toIntExact(length())];
    int at = json.end() - PREFIX;
    System.arraycopy(json.array(), PREFIX, all, 0, at);
    for (byte[] value : payload) {
      System.arraycopy(value, 0, all, at, value.length);
      at += value.length;
    }
    return all;
  }

  /** Lets go of the values. */
  public void clear() {
    payload.clear();
    payloadLength = 0;
  }

  private static void put(byte[] into, int at, long value, int bytes) {
    for (int i = 0; i < bytes; i++) {
      into[at + i] = (byte) (value >>> (8 * (bytes - 1 - i)));
    }
  }
}
