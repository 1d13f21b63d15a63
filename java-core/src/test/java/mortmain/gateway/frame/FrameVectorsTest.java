package mortmain.gateway.frame;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import mortmain.model.Commit;
import mortmain.model.Limits;
import mortmain.model.MortmainException;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** {@code frames.json}: the same frames that the Python client's tests make and read. */
final class FrameVectorsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final HexFormat HEX = HexFormat.of();

  private static Stream<JsonNode> vectors(String kind) throws IOException {
    try (InputStream file = FrameVectorsTest.class.getResourceAsStream("/frames.json")) {
      return StreamSupport.stream(JSON.readTree(file).get(kind).spliterator(), false);
    }
  }

  private static JsonNode vector(String kind, String name) throws IOException {
    return vectors(kind).filter(one -> one.get("name").asText().equals(name)).findFirst().orElseThrow();
  }

  private interface Check {
    void run(JsonNode vector, byte[] frame) throws IOException;
  }

  private static Stream<DynamicTest> all(String kind, Check check) throws IOException {
    return vectors(kind)
        .map(one -> DynamicTest.dynamicTest(one.get("name").asText(), () -> check.run(one, HEX.parseHex(one.get("hex").asText()))));
  }

  @TestFactory
  Stream<DynamicTest> requestsAreTakenApart() throws IOException {
    return all(
        "requests",
        (vector, frame) -> {
          byte[] shifted = new byte[frame.length + 7]; // a frame lies anywhere in its buffer
          System.arraycopy(frame, 0, shifted, 3, frame.length);
          Request request = Request.of(shifted, 3, frame.length);
          assertEquals(vector.get("op").asInt(), request.op().code());
          assertEquals(vector.get("request_id").asText(), request.requestId() == null ? "" : request.requestId());
          assertEquals(vector.get("attempt").asInt(), request.attempt());
          assertEquals(vector.get("deadline").asLong(), request.deadline());
          assertEquals(vector.get("since").asLong(), request.since());
          byte[] payload = Arrays.copyOfRange(shifted, request.fieldsEnd(), request.payloadEnd());
          assertEquals(vector.get("payload").asText(), HEX.formatHex(payload));
          int fields = JSON.writeValueAsBytes(vector.get("fields")).length;
          assertEquals(vector.get("fields"), JSON.readTree(shifted, request.fieldsEnd() - fields, fields));
        });
  }

  @TestFactory
  Stream<DynamicTest> repliesAreWritten() throws IOException {
    return all(
        "replies",
        (vector, frame) -> {
          Reply reply = new Reply();
          int status = vector.get("status").asInt();
          if (status > 1) {
            reply.brief(status, vector.get("text").asText(), JSON.convertValue(vector.get("brief"), long[].class));
          } else {
            (status == 0 ? reply.answer() : reply.error()).any(JSON.convertValue(vector.get("fields"), Map.class));
          }
          reply.add(HEX.parseHex(vector.get("payload").asText()));
          reply.alone(vector.path("alone").asBoolean());
          reply.seal(vector.get("revision").asLong());
          assertEquals(vector.get("hex").asText(), HEX.formatHex(reply.toBytes()), () -> new String(reply.toBytes(), UTF_8));
        });
  }

  @TestFactory
  Stream<DynamicTest> malformedRequestsAreRefused() throws IOException {
    return all(
        "malformed_requests",
        (vector, frame) -> {
          MortmainException refused =
              assertThrows(
                  MortmainException.class, () -> new CommitReader(Request.of(frame, 0, frame.length), Limits.DEFAULT).read());
          assertEquals(vector.get("code").asText(), refused.code().name(), refused::getMessage);
        });
  }

  @Test
  void everyGuardAndEveryWriteIsRead() throws IOException {
    byte[] frame = HEX.parseHex(vector("requests", "every guard and every write").get("hex").asText());
    Commit commit = new CommitReader(Request.of(frame, 0, frame.length), Limits.DEFAULT).read();
    assertEquals(
        "[VersionIs[key=a, version=1, tag=2], EpochIs[key=a, epoch=3], Holds[key=a, claimId=0123456789abcdef0123456789abcdef], Absent[key=b], "
            + "UnchangedSince[prefix=p/, revision=17], Follows[key=c, ticket=Ticket[id=ticket-1, version=4, tag=-5, epoch=6]], "
            + "FieldsAre[key=d, version=7, tag=8, fields=application/json of 7 bytes]]",
        commit.guards().toString());
    assertEquals(
        "[Put[key=a, value=text/plain of 2 bytes, overwrite=true], Delete[key=e, overwrite=false], Ensure[key=b, value=application/json of 1 bytes], "
            + "DeletePrefix[prefix=p/], Append[key=l, items=[1 #id-1, \"a\"]], Append[key=m, items=[2]], Increment[key=n, by=-2.50], "
            + "AddToSet[key=s, member=\"s\"], Merge[key=d, patch=application/json of 7 bytes]]",
        commit.writes().toString());
    assertEquals("Call[requestId=tx, attempt=3, since=17, deadline=" + Long.MAX_VALUE + "]", commit.call().toString());
    assertEquals(9, commit.turn());
  }
}
