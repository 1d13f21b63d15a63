package mortmain.gateway.frame;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import mortmain.model.Commit;
import mortmain.model.Guard;
import mortmain.model.Key;
import mortmain.model.Rejection;
import mortmain.model.Value;
import mortmain.model.Write;

/**
 * The commonest commit, of one value on its base, said by five numbers and four texts instead of an object: {@code turn, version, tag,
 * epoch, base_revision}, the lengths of writer, key and content type in two bytes each, these three, and the store. One thread.
 */
final class BriefCommit {
  private static final int NUMBERS = 5 * Long.BYTES;
  private static final int TEXTS_AT = NUMBERS + 3 * Short.BYTES;
  private static final int MAX_NAME = 1024;

  private final byte[] frame;
  private final int end;
  private int at;

  private BriefCommit(Request request) {
    frame = request.frame();
    at = request.fieldsAt();
    end = request.fieldsEnd();
  }

  /**
   * The commit of a request.
   *
   * @throws mortmain.model.MortmainException INVALID
   */
  static Commit read(Request request) {
    return new BriefCommit(request).commit(request);
  }

  private Commit commit(Request request) {
    if (end - at < TEXTS_AT) {
      throw Rejection.invalid("fields", "shorter than the numbers of a brief commit").exception();
    }
    Fields.need(request.requestId(), "request_id");
    ByteBuffer numbers = ByteBuffer.wrap(frame, at, TEXTS_AT);
    long turn = numbers.getLong();
    long version = numbers.getLong();
    long tag = numbers.getLong();
    long epoch = numbers.getLong();
    long revision = numbers.getLong();
    at += TEXTS_AT;
    String writer = text("writer", Short.toUnsignedInt(numbers.getShort()), MAX_NAME);
    Key key = Key.of(text("key", Short.toUnsignedInt(numbers.getShort()), Integer.MAX_VALUE));
    String type = text("type", Short.toUnsignedInt(numbers.getShort()), MAX_NAME);
    String store = text("store", end - at, MAX_NAME);
    Value value = new Value(type, Arrays.copyOfRange(frame, end, request.payloadEnd()));
    return new Commit(
        request.call(), writer, Map.of(), List.of(new Guard.VersionIs(key, version, tag), new Guard.EpochIs(key, epoch)),
        List.of(new Write.Put(key, value, false)), store, revision, turn == 0, turn);
  }

  private String text(String field, int length, int most) {
    if (length > end - at) {
      throw Rejection.invalid("fields", "shorter than the texts of a brief commit").exception();
    }
    int from = at;
    at += length;
    String text = Request.text(field, frame, from, length);
    if (text.length() > most) {
      throw Rejection.invalid(field, text.length() + " characters, the limit is " + most).exception();
    }
    return text;
  }
}
