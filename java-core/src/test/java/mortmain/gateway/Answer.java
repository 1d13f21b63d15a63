package mortmain.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.util.Arrays;

/** A reply frame, taken apart independently of the code under test. Immutable. */
public final class Answer {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final int status;
  private final boolean alone;
  private final long revision;
  private final JsonNode fields;
  private final long[] numbers;
  private final byte[] payload;

  public Answer(byte[] frame) throws IOException {
    if (frame[0] != 1 || (frame[2] & ~1) != 0 || frame[3] != 0) {
      throw new IOException("not a reply of format 1");
    }
    status = frame[1];
    alone = frame[2] == 1;
    revision = ByteBuffer.wrap(frame).getLong(4);
    numbers = status > 1 ? longs(ByteBuffer.wrap(frame, 16, fieldsLength(frame)).asLongBuffer()) : new long[0];
    fields = status > 1 ? JSON.createObjectNode() : JSON.readTree(frame, 16, fieldsLength(frame));
    payload = Arrays.copyOfRange(frame, 16 + fieldsLength(frame), frame.length);
  }

  public int status() {
    return status;
  }

  /** Whether the gateway said that it served nobody else. */
  public boolean alone() {
    return alone;
  }

  public long revision() {
    return revision;
  }

  public JsonNode fields() {
    return fields;
  }

  /** Of a brief answer; what is left of a text behind them is no number. */
  public long[] numbers() {
    return numbers.clone();
  }

  private static long[] longs(LongBuffer from) {
    long[] all = new long[from.remaining()];
    from.get(all);
    return all;
  }

  public byte[] payload() {
    return payload;
  }

  private static int fieldsLength(byte[] frame) {
    return ByteBuffer.wrap(frame).getInt(12);
  }

  public String text() {
    return new String(payload, UTF_8);
  }

  /** The error code, or "" of an answer. */
  public String code() {
    return status == 0 ? "" : fields.path("code").asText();
  }
}
