package mortmain.specs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import mortmain.file.Sabotage;
import mortmain.file.TraceRun;
import org.junit.jupiter.api.Test;

/** The code against the specification: what the real file engine did is what the specification allows, and nothing else would do. */
class TraceTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int LINES = Integer.getInteger("mortmain.specs.trace", 20_500);
  private static final int SHORT = 2500;

  private static JsonNode json(String line) {
    try {
      return JSON.readTree(line);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(line, e);
    }
  }

  private static String op(String line) {
    return json(line).get("op").textValue();
  }

  private static Map<String, Integer> kinds(List<String> trace) {
    Map<String, Integer> kinds = new TreeMap<>();
    trace.forEach(line -> kinds.merge(op(line), 1, Integer::sum));
    return kinds;
  }

  @Test
  void aConcurrentWorkloadWithCrashesIsABehaviourOfTheSpecification() throws Exception {
    long seed = System.nanoTime();
    List<String> trace = TraceRun.record(seed, LINES, Sabotage.NONE);
    TraceCheck.Result result = TraceCheck.run("trace", List.of(trace));
    int accepted = result.accepted().get(0);
    assertEquals(
        trace.size(), accepted, () -> "line " + (accepted + 1) + " of target/traces/trace/0.jsonl is no step: " + trace.get(accepted));
    assertEquals(Tlc.FINE, result.tlc().exit(), result.tlc()::output);
    assertEquals(trace.size() + 1, result.tlc().states(), result.tlc()::output);
    assertTrue(trace.size() >= LINES, () -> trace.size() + " lines");
    Map<String, Integer> kinds = kinds(trace);
    System.out.println("trace: " + accepted + " lines accepted, " + kinds);
    Set<String> needed =
        Set.of("commit", "rejected", "replayed", "refuses", "known", "aside", "claim", "no claim", "release", "reclaim", "look", "answer", "ticket", "forced", "crash");
    assertTrue(kinds.keySet().containsAll(needed), () -> "a kind of line is missing: " + kinds);
    assertTrue(kinds.get("crash") >= 20 && kinds.get("commit") >= 500, kinds::toString);
  }

  /** A trace that was tampered with, and how many of its lines are still good. */
  private record Tampered(String what, List<String> trace, int good) {}

  /** The line of this kind that is nearest to the middle of the trace, and is not the last event before a crash. */
  private static int middle(List<String> trace, String op) {
    return middle(trace, op, Set.of());
  }

  /** {@code answered}: if not empty, only a line whose answer left. */
  private static int middle(List<String> trace, String op, Set<Integer> answered) {
    int best = -1;
    for (int i = 0; i + 2 < trace.size(); i++) {
      boolean calm = !op(trace.get(i + 1)).equals("crash");
      boolean right = op(trace.get(i)).equals(op) && (answered.isEmpty() || answered.contains(json(trace.get(i)).path("id").intValue()));
      if (right && calm && Math.abs(i - trace.size() / 2) < Math.abs(best - trace.size() / 2)) {
        best = i;
      }
    }
    assertTrue(best >= 0, () -> "no " + op + " in the trace");
    return best;
  }

  private static Tampered dropped(List<String> trace, String op) {
    int at = middle(trace, op);
    List<String> changed = new ArrayList<>(trace);
    changed.remove(at);
    return new Tampered(op + " dropped", changed, at);
  }

  /** What nobody answers for is missed by the answer. */
  private static Tampered unasked(List<String> trace, String op) {
    Set<Integer> answered = new HashSet<>();
    trace.stream().filter(line -> op(line).equals("answer")).forEach(line -> answered.add(json(line).get("id").intValue()));
    int at = middle(trace, op, answered);
    int id = json(trace.get(at)).get("id").intValue();
    List<String> changed = new ArrayList<>(trace);
    changed.remove(at);
    int answer = at;
    while (!op(changed.get(answer)).equals("answer") || json(changed.get(answer)).get("id").intValue() != id) {
      answer++;
    }
    return new Tampered(op + " dropped", changed, answer);
  }

  private static Tampered duplicated(List<String> trace, String op) {
    int at = middle(trace, op);
    List<String> changed = new ArrayList<>(trace);
    changed.add(at, trace.get(at));
    return new Tampered(op + " duplicated", changed, at + 1);
  }

  private static Tampered altered(List<String> trace, String op, String what, Consumer<ObjectNode> change) {
    int at = middle(trace, op);
    ObjectNode line = (ObjectNode) json(trace.get(at));
    change.accept(line);
    List<String> changed = new ArrayList<>(trace);
    changed.set(at, line.toString());
    return new Tampered(op + " altered: " + what, changed, at);
  }

  private static void add(JsonNode object, String field, int by) {
    ((ObjectNode) object).put(field, object.get(field).intValue() + by);
  }

  private static List<Tampered> alterations(List<String> trace) {
    return List.of(
        altered(trace, "commit", "its version", line -> add(line.at("/post/keys/a"), "ver", 1)),
        altered(trace, "commit", "its epoch", line -> add(line.at("/post/keys").get("p/a"), "epoch", 1)),
        altered(trace, "commit", "its revision", line -> add(line, "rev", 1)),
        altered(trace, "reclaim", "what it counts", line -> add(line.at("/post/count"), "", 1)),
        altered(trace, "claim", "its id", line -> line.put("claim", "another")),
        altered(trace, "rejected", "its reason", line -> line.putArray("codes").add("WRONG_TYPE")),
        altered(trace, "rejected", "what is asked", line -> {
          line.putArray("put").removeAll();
          line.putArray("delete").removeAll();
          line.putArray("scans").removeAll();
          line.putArray("based").removeAll();
          line.putArray("fenced").removeAll();
          line.putArray("follows").removeAll();
          line.putArray("creates").removeAll();
          line.putArray("delta").removeAll();
          line.putObject("claims");
        }),
        altered(trace, "look", "the epoch that it shows", line -> add(line.at("/shown/a"), "epoch", -1)),
        altered(trace, "answer", "whose it is", line -> add(line, "id", 1_000_000)),
        altered(trace, "forced", "how far", line -> add(line, "upto", 1000)),
        altered(trace, "crash", "what survived", line -> add(line, "rev", -1000)),
        altered(trace, "serves", "what was recovered", line -> add(line.at("/post/keys/b"), "tag", 1)));
  }

  @Test
  void aTamperedTraceIsRejectedAtThatLine() throws Exception {
    List<String> trace = TraceRun.record(7, SHORT, Sabotage.NONE);
    List<Tampered> tampered = new ArrayList<>();
    Stream.of("commit", "reclaim", "claim").forEach(op -> tampered.add(dropped(trace, op)));
    Stream.of("rejected", "look").forEach(op -> tampered.add(unasked(trace, op)));
    Stream.of("commit", "reclaim", "claim", "rejected", "look", "answer", "forced").forEach(op -> tampered.add(duplicated(trace, op)));
    tampered.addAll(alterations(trace));
    List<List<String>> traces = new ArrayList<>(List.of(trace));
    tampered.forEach(each -> traces.add(each.trace()));
    TraceCheck.Result result = TraceCheck.run("tampered", traces);
    assertEquals(trace.size(), result.accepted().get(0), "the trace itself");
    for (int i = 0; i < tampered.size(); i++) {
      Tampered each = tampered.get(i);
      assertEquals(each.good(), result.accepted().get(i + 1), () -> each.what() + ": " + each.trace().get(each.good()));
    }
    System.out.println("tampered traces: " + tampered.size() + " rejected at their line");
  }

  @Test
  void theTraceOfASabotagedEngineIsRejected() throws Exception {
    List<Sabotage> sabotages = Stream.of(Sabotage.values()).filter(sabotage -> sabotage != Sabotage.NONE).toList();
    List<List<String>> traces = new ArrayList<>();
    for (Sabotage sabotage : sabotages) {
      traces.add(TraceRun.record(11, SHORT, sabotage));
    }
    TraceCheck.Result result = TraceCheck.run("sabotaged", traces);
    for (int i = 0; i < traces.size(); i++) {
      List<String> trace = traces.get(i);
      int accepted = result.accepted().get(i);
      String name = sabotages.get(i) + " of " + trace.size() + " lines";
      assertTrue(accepted < trace.size(), () -> name + " was accepted");
      String line = trace.get(accepted);
      assertTrue(sabotages.get(i).lines().contains(op(line)), () -> name + " was rejected for something else: " + line);
      System.out.println("sabotaged: " + sabotages.get(i) + " rejected at line " + (accepted + 1) + ", " + op(line));
    }
  }
}
