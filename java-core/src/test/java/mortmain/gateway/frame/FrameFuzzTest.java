package mortmain.gateway.frame;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import mortmain.Mutations;
import mortmain.Seeds;
import org.junit.jupiter.api.Test;

/** What the fuzzer began with and what it found; and a few thousand random changes of that, the same in each run. */
final class FrameFuzzTest {
  private static final int CHANGED = 4_000;

  private static List<byte[]> begin() throws IOException {
    List<byte[]> seeds = new ArrayList<>(Seeds.of("frames"));
    try (InputStream file = FrameVectorsTest.class.getResourceAsStream("/frames.json")) {
      for (JsonNode one : new ObjectMapper().readTree(file).get("requests")) {
        seeds.add(HexFormat.of().parseHex(one.get("hex").asText()));
      }
    }
    return seeds;
  }

  /** Writes the corpus that {@code make fuzz} begins with. */
  public static void main(String[] arguments) throws IOException {
    Path folder = Files.createDirectories(Path.of(arguments[0]));
    int number = 0;
    for (byte[] seed : begin()) {
      Files.write(folder.resolve("seed-" + number++), seed);
    }
  }

  @Test
  void noBytesAreAnsweredWithAnInternalFailureOrNotAtAll() throws IOException {
    List<byte[]> seeds = begin();
    assertTrue(seeds.size() > 5);
    Mutations mutations = new Mutations(1);
    for (byte[] seed : seeds) {
      FrameFuzz.fuzzerTestOneInput(seed);
    }
    for (int i = 0; i < CHANGED; i++) {
      FrameFuzz.fuzzerTestOneInput(mutations.of(seeds.get(i % seeds.size()), 0));
    }
  }
}
