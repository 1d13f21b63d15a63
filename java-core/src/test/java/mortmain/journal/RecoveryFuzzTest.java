package mortmain.journal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import mortmain.Mutations;
import mortmain.Seeds;
import org.junit.jupiter.api.Test;

/** What the fuzzer found, and a few thousand random changes of a sound journal, the same in each run. */
class RecoveryFuzzTest {
  private static final int KINDS = 8;
  private static final int CHANGED = 3_000;

  /** Writes the corpus that {@code make fuzz} begins with. */
  public static void main(String[] arguments) throws IOException {
    Path folder = Files.createDirectories(Path.of(arguments[0]));
    for (int kind = 0; kind < KINDS; kind++) {
      Files.write(folder.resolve("seed-" + kind), RecoveryFuzz.seed(kind));
    }
  }

  @Test
  void whatIsNotRefusedReplaysTheSameAtTheNextOpen() throws IOException {
    for (byte[] seed : Seeds.of("recovery")) {
      RecoveryFuzz.fuzzerTestOneInput(seed);
    }
    Mutations mutations = new Mutations(2);
    int opened = 0;
    for (int i = 0; i < CHANGED; i++) {
      opened += RecoveryFuzz.opened(mutations.of(RecoveryFuzz.seed(i % KINDS), 1)) == null ? 0 : 1;
    }
    int both = opened;
    assertTrue(opened > CHANGED / 100 && opened < CHANGED / 2, () -> both + " opened, the others were refused");
  }

  /** Nobody makes the checksums right here: what is replayed was written. */
  @Test
  void whatIsReplayedAfterDamageWasWrittenAndNothingIsLeftOut() throws IOException {
    Mutations mutations = new Mutations(3);
    for (int i = 0; i < CHANGED; i++) {
      Replayed replayed = RecoveryFuzz.opened(mutations.of(RecoveryFuzz.seed(i % 2), 1));
      if (replayed != null) {
        for (int at = 0; at < replayed.revisions.size(); at++) {
          assertEquals(at + 1, replayed.revisions.get(at));
          assertArrayEquals(RecoveryFuzz.issued().get(at).bytes(), replayed.values.get(at));
        }
      }
    }
  }

  @Test
  void recordsThatDoNotFitTheirFrameAreDamageAlsoUnderARightChecksum() throws IOException {
    int size = 1 + Segment.HEADER + Frame.HEADER;
    for (int wrong : new int[] {-1, 0, 31, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
      byte[] input = RecoveryFuzz.seed(4);
      ByteBuffer.wrap(input).putInt(size, wrong);
      assertNull(RecoveryFuzz.opened(input));
    }
    byte[] input = RecoveryFuzz.seed(4);
    ByteBuffer.wrap(input).putLong(size + Integer.BYTES, 0);
    assertNull(RecoveryFuzz.opened(input), "a revision that is not the frame's");
  }

  @Test
  void aSoundJournalIsReplayedWhole() throws IOException {
    for (int kind = 0; kind < KINDS; kind++) {
      Replayed replayed = RecoveryFuzz.opened(RecoveryFuzz.seed(kind));
      assertNotNull(replayed);
      assertEquals(RecoveryFuzz.issued().size(), replayed.revisions.size());
    }
  }
}
