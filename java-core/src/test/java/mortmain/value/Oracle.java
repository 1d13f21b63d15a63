package mortmain.value;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** The same questions answered by another parser, by trees, slowly. */
final class Oracle {
  private static final JsonMapper MAPPER = JsonMapper.builder()
      .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
      .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
      .build();

  private Oracle() {}

  static JsonNode tree(byte[] json) {
    try {
      return MAPPER.readTree(RandomJson.string(json));
    } catch (JsonProcessingException e) {
      throw new AssertionError(RandomJson.string(json), e);
    }
  }

  /** Reads tokens, not a tree: in a tree a name that stands twice would hide its first value. */
  static boolean wellFormed(byte[] json) {
    try (JsonParser tokens = MAPPER.createParser(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(json)).toString())) {
      int depth = 0;
      int texts = 0;
      boolean fine = true;
      for (JsonToken token = tokens.nextToken(); token != null; token = tokens.nextToken()) {
        depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
        texts += depth == 0 ? 1 : 0;
        if (token == JsonToken.FIELD_NAME || token == JsonToken.VALUE_STRING) {
          fine &= StandardCharsets.UTF_16.newEncoder().canEncode(tokens.getText());
        }
      }
      return fine && texts == 1;
    } catch (IOException e) {
      return false;
    }
  }

  static boolean equal(JsonNode a, JsonNode b) {
    if (a.isNumber() && b.isNumber()) {
      return new BigDecimal(a.asText()).compareTo(new BigDecimal(b.asText())) == 0;
    }
    if (a.getNodeType() != b.getNodeType() || a.size() != b.size()) {
      return false;
    }
    if (a instanceof ArrayNode) {
      boolean same = true;
      for (int i = 0; i < a.size(); i++) {
        same &= equal(a.get(i), b.get(i));
      }
      return same;
    }
    if (a instanceof ObjectNode) {
      Set<String> names = new HashSet<>();
      a.fieldNames().forEachRemaining(names::add);
      return names.stream().allMatch(n -> b.has(n) && equal(a.get(n), b.get(n)));
    }
    return a.equals(b);
  }

  /** RFC 7396, section 2, as its pseudo code stands. */
  static JsonNode merged(JsonNode target, JsonNode patch) {
    if (!patch.isObject()) {
      return patch;
    }
    ObjectNode result = target instanceof ObjectNode object ? object.deepCopy() : MAPPER.createObjectNode();
    for (Map.Entry<String, JsonNode> member : patch.properties()) {
      if (member.getValue().isNull()) {
        result.remove(member.getKey());
      } else {
        JsonNode old = result.has(member.getKey()) ? result.get(member.getKey()) : MAPPER.missingNode();
        result.set(member.getKey(), merged(old, member.getValue()));
      }
    }
    return result;
  }
}
