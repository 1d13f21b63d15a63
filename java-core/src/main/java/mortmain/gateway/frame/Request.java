package mortmain.gateway.frame;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.Arrays;
import java.util.Map;
import mortmain.model.Call;
import mortmain.model.ErrorCode;
import mortmain.model.Rejection;

/** A request frame taken apart: a view, valid until the frame's buffer is reused. Immutable. */
final class Request {
  static final int HEADER = 28;
  private static final int MAX_ID = 128;
  private static final int BRIEF_ANSWER = 1;
  private static final int BRIEF_FIELDS = 2;
  private static final long NANOS_PER_MILLI = 1_000_000;

  private final Op op;
  private final String requestId;
  private final int flags;
  private final int attempt;
  private final long deadline;
  private final long since;
  private final byte[] frame;
  private final int fieldsAt;
  private final int fieldsEnd;
  private final int payloadEnd;

  private Request(ByteBuffer header, Op op, int flags, String requestId, byte[] frame, int fieldsAt, int payloadEnd) {
    this.op = op;
    this.flags = flags;
    this.requestId = requestId;
    this.attempt = header.getInt();
    this.deadline = header.getLong();
    this.since = header.getLong();
    this.frame = frame;
    this.fieldsAt = fieldsAt;
    this.fieldsEnd = fieldsAt + header.getInt();
    this.payloadEnd = payloadEnd;
  }

  /**
   * Takes {@code length} bytes of a frame apart.
   *
   * @throws mortmain.model.MortmainException INVALID when they are no request
   */
  static Request of(byte[] frame, int at, int length) {
    if (length < HEADER) {
      throw invalid("frame", length + " bytes are no request: its header alone has " + HEADER);
    }
    ByteBuffer header = ByteBuffer.wrap(frame, at, HEADER);
    int format = header.get();
    int code = Byte.toUnsignedInt(header.get());
    int idLength = Byte.toUnsignedInt(header.get());
    int flags = header.get();
    if (format != 1 || (flags & ~(BRIEF_ANSWER | BRIEF_FIELDS)) != 0) {
      throw invalid("frame", "unknown frame format " + format + "." + flags + ", this gateway speaks 1.0 to 1.3");
    }
    int fieldsLength = header.getInt(at + HEADER - Integer.BYTES);
    if (idLength > MAX_ID || fieldsLength < 0 || fieldsLength > length - HEADER - idLength) {
      throw invalid("frame", "the requestId is longer than 128 bytes, or the fields are longer than the frame");
    }
    Op op = Op.of(code);
    if (op == null) {
      throw unknown(code);
    }
    if ((flags & BRIEF_FIELDS) != 0 && op != Op.COMMIT) {
      throw invalid("frame", "only a commit has brief fields");
    }
    int fieldsAt = at + HEADER + idLength;
    String id = idLength == 0 ? null : text("request_id", frame, at + HEADER, idLength);
    Request request = new Request(header, op, flags, id, frame, fieldsAt, at + length);
    if (request.attempt < 0 || request.deadline < 0 || request.since < 0) {
      throw invalid("frame", "attempt, deadline and since are not negative");
    }
    return request;
  }

  Op op() {
    return op;
  }

  /** Whether a brief answer is understood. */
  boolean isBrief() {
    return (flags & BRIEF_ANSWER) != 0;
  }

  /** Whether its fields are no object; only a commit's. */
  boolean hasBriefFields() {
    return (flags & BRIEF_FIELDS) != 0;
  }

  /** 1 to 128 bytes of text, or null. */
  String requestId() {
    return requestId;
  }

  int attempt() {
    return attempt;
  }

  /** Milliseconds on the gateway's clock, 0 for none. */
  long deadline() {
    return deadline;
  }

  /** The durable revision that the client knew when it made the id. */
  long since() {
    return since;
  }

  byte[] frame() {
    return frame;
  }

  int fieldsAt() {
    return fieldsAt;
  }

  int fieldsEnd() {
    return fieldsEnd;
  }

  /** A copy of everything behind the fields. */
  byte[] payload() {
    return Arrays.copyOfRange(frame, fieldsEnd, payloadEnd);
  }

  int payloadEnd() {
    return payloadEnd;
  }

  /** The deadline in nanoseconds on the engine's clock; {@link Long#MAX_VALUE} is none. */
  long deadlineNanos() {
    return deadline == 0 || deadline > Long.MAX_VALUE / NANOS_PER_MILLI ? Long.MAX_VALUE : deadline * NANOS_PER_MILLI;
  }

  Call call() {
    return new Call(requestId, attempt, since, deadlineNanos());
  }

  Fields fields() {
    return new Fields(frame, fieldsAt, fieldsEnd - fieldsAt);
  }

  /** Text of UTF-8 bytes. */
  static String text(String field, byte[] bytes, int at, int length) {
    for (int i = at; i < at + length; i++) {
      if (bytes[i] < 0) {
        return strict(field, bytes, at, length);
      }
    }
    return new String(bytes, at, length, UTF_8);
  }

  private static String strict(String field, byte[] bytes, int at, int length) {
    try {
      return UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes, at, length)).toString();
    } catch (CharacterCodingException notText) {
      throw Rejection.invalid(field, "not valid UTF-8").exception();
    }
  }

  private static RuntimeException unknown(int code) {
    return Rejection.of(
            ErrorCode.UNSUPPORTED,
            "this gateway does not know operation " + code + ": it is older than the client, stop it so that a new one starts",
            Map.of("operation", String.valueOf(code)))
        .exception();
  }

  private static RuntimeException invalid(String field, String reason) {
    return Rejection.invalid(field, reason).exception();
  }
}
