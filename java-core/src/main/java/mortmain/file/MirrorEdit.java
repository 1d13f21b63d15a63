package mortmain.file;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import mortmain.engine.Mirroring;
import mortmain.mirror.Mirror;
import mortmain.model.ErrorCode;
import mortmain.model.Key;
import mortmain.model.Rejection;
import mortmain.model.Value;
import mortmain.value.Json;

/** What somebody wrote into a file, as a value of the kind that its key has; of a new key as its name says. */
record MirrorEdit(Mirror.Edit bytes, Value value) implements Mirroring.Edit {
  private static final String TEXT = "text/plain";
  private static final String BYTES = "application/octet-stream";

  @Override
  public Key key() {
    return bytes.key();
  }

  /** INVALID when it is no JSON where JSON is wanted. */
  static MirrorEdit of(Mirror.Edit edit, Version newest, long limit) {
    byte[] bytes = edit.bytes();
    if (bytes.length > limit) {
      Map<String, Object> details = Map.of("size", (long) bytes.length, "limit", limit);
      throw Rejection.of(ErrorCode.TOO_LARGE, "the file of " + edit.key() + " is above the limit of values", details).exception();
    }
    String wanted = newest != null && newest.content != null ? newest.contentType : ofName(edit.key().toString());
    if (Value.isJson(wanted)) {
      String problem = Json.problem(bytes);
      if (problem != null) {
        throw Rejection.invalid("value", "the file of " + edit.key() + " is not JSON (" + problem + "): correct it, then adopt it").exception();
      }
    }
    return new MirrorEdit(edit, new Value(wanted.equals(TEXT) && !isText(bytes) ? BYTES : wanted, bytes));
  }

  private static String ofName(String name) {
    return name.endsWith(".json") ? Value.JSON : TEXT;
  }

  private static boolean isText(byte[] bytes) {
    try {
      StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
      return true;
    } catch (CharacterCodingException e) {
      return false;
    }
  }
}
