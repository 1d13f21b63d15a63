package mortmain.specs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The specification against the code: random behaviours of TLC's simulation, step by step, with every answer and every state compared. */
class ReplayTest {
  private static final int BEHAVIOURS = 100;
  private static final int DEPTH = 50;

  private static List<List<Map<String, Object>>> behaviours;

  @BeforeAll
  static void simulate() throws Exception {
    Path directory = Path.of("target", "behaviours").toAbsolutePath();
    Files.createDirectories(directory);
    try (Stream<Path> old = Files.list(directory)) {
      for (Path file : old.toList()) {
        Files.delete(file);
      }
    }
    long seed = System.nanoTime();
    Tlc.Result result =
        Tlc.run(
            "simulation",
            false,
            "SimFencedCommit",
            Files.readString(Manifest.TLA.resolve("SimFencedCommit.cfg")),
            "-simulate",
            "file=" + directory.resolve("behaviour") + ",num=" + BEHAVIOURS,
            "-depth",
            String.valueOf(DEPTH),
            "-seed",
            String.valueOf(seed));
    assertEquals(Tlc.FINE, result.exit(), () -> "seed " + seed + ": " + result.output());
    behaviours = new ArrayList<>();
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.sorted().toList()) {
        behaviours.add(TlaText.behaviour(Files.readString(file), Set.of("db", "made", "last")));
      }
    }
  }

  @Test
  void theCodeRepeatsEveryBehaviour() throws Exception {
    int steps = 0;
    int refusals = 0;
    Map<String, Integer> counts = new TreeMap<>();
    for (List<Map<String, Object>> behaviour : behaviours) {
      try (Replay replay = new Replay(Replay.Blind.NOTHING)) {
        replay.run(behaviour);
        refusals += replay.refusals();
        steps += behaviour.size() - 1;
        replay.counts().forEach((op, times) -> counts.merge(op, times, Integer::sum));
      }
    }
    System.out.println("behaviours: " + behaviours.size() + ", steps repeated: " + steps + ", refused by both: " + refusals + ", " + counts);
    assertEquals(BEHAVIOURS, behaviours.size());
    int all = steps;
    int no = refusals;
    for (String op : List.of("backup", "restore", "roll back", "forget", "reclaim prefix", "claim", "release")) {
      assertTrue(counts.getOrDefault(op, 0) >= 10, () -> op + " too seldom: " + counts);
    }
    assertTrue(steps > BEHAVIOURS * DEPTH / 2, () -> all + " steps");
    assertTrue(refusals > steps / 10 && refusals < steps * 9 / 10, () -> no + " of " + all + " refused");
  }

  @Test
  void codeThatDoesNotLookAtVersionsParts() {
    parts(Replay.Blind.VERSIONS);
  }

  @Test
  void codeThatDoesNotLookAtTagsParts() {
    parts(Replay.Blind.TAGS);
  }

  @Test
  void codeThatDoesNotLookForWhichStoreARequestIsParts() {
    parts(Replay.Blind.STORES);
  }

  @Test
  void codeThatDoesNotLookAtEpochsParts() {
    parts(Replay.Blind.EPOCHS);
  }

  private static void parts(Replay.Blind blind) {
    assertThrows(Replay.Differs.class, () -> {
      for (List<Map<String, Object>> behaviour : behaviours) {
        try (Replay replay = new Replay(blind)) {
          replay.run(behaviour);
        }
      }
    });
  }

  @Test
  void aBehaviourWithAnotherStateIsNotRepeated() {
    for (int step : List.of(0, 7, 20)) {
      List<Map<String, Object>> behaviour = new ArrayList<>(behaviours.get(0).subList(0, 21));
      Map<String, Object> state = new LinkedHashMap<>(behaviour.get(step));
      Map<Object, Object> db = new LinkedHashMap<>((Map<?, ?>) state.get("db"));
      db.put("count", Map.of("", 1000L));
      state.put("db", db);
      behaviour.set(step, state);
      Replay.Differs differs = assertThrows(Replay.Differs.class, () -> {
        try (Replay replay = new Replay(Replay.Blind.NOTHING)) {
          replay.run(behaviour);
        }
      });
      assertTrue(differs.getMessage().startsWith("step " + step + ":"), differs::getMessage);
    }
  }
}
