package tlc2.module;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import tlc2.value.impl.BoolValue;
import tlc2.value.impl.IntValue;
import tlc2.value.impl.IntervalValue;
import tlc2.value.impl.ModelValue;
import tlc2.value.impl.RecordValue;
import tlc2.value.impl.SetEnumValue;
import tlc2.value.impl.StringValue;
import tlc2.value.impl.Value;
import util.UniqueString;

/**
 * What {@code TraceFile.tla} declares, for TLC, which finds this class by its name: the traces that the system property {@code mortmain.traces}
 * names, one JSON object a line; arrays are sets, "none" is the model value. How far each was accepted is written into {@code mortmain.traces.reached} at the end. Used by one
 * thread.
 */
public final class TraceFile {
  /** The model value None, which is comparable with everything. */
  private static final String NONE = "none";

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<List<String>> TRACES = load();
  private static final int[] REACHED = new int[TRACES.size()];
  private static int cachedTrace = -1;
  private static int cachedLine = -1;
  private static Value cached;

  private TraceFile() {}

  private static List<List<String>> load() {
    List<List<String>> traces = new ArrayList<>();
    try {
      for (String file : System.getProperty("mortmain.traces").split(":", -1)) {
        traces.add(Files.readAllLines(Path.of(file)));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Runtime.getRuntime().addShutdownHook(new Thread(TraceFile::tell));
    return traces;
  }

  private static void tell() {
    try {
      Files.writeString(Path.of(System.getProperty("mortmain.traces.reached")), Arrays.toString(REACHED));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static Value Traces() {
    return new IntervalValue(0, TRACES.size() - 1);
  }

  public static Value TraceLength(Value trace) {
    return IntValue.gen(TRACES.get(((IntValue) trace).val).size());
  }

  public static Value TraceLine(Value trace, Value line) throws IOException {
    int t = ((IntValue) trace).val;
    int n = ((IntValue) line).val;
    if (t != cachedTrace || n != cachedLine) {
      cached = value(JSON.readTree(TRACES.get(t).get(n - 1)));
      cachedTrace = t;
      cachedLine = n;
    }
    return cached;
  }

  public static Value TraceTickets() throws IOException {
    TreeSet<String> tickets = new TreeSet<>();
    for (List<String> trace : TRACES) {
      for (String line : trace) {
        if (line.startsWith("{\"op\":\"ticket\"")) {
          tickets.add(JSON.readTree(line).get("ticket").textValue());
        }
      }
    }
    return new SetEnumValue(tickets.stream().map(StringValue::new).toArray(Value[]::new), false);
  }

  public static Value Reached(Value trace, Value line) {
    int t = ((IntValue) trace).val;
    REACHED[t] = Math.max(REACHED[t], ((IntValue) line).val);
    return BoolValue.ValTrue;
  }

  private static Value value(JsonNode node) {
    if (node.isInt() || node.isLong()) {
      return IntValue.gen(node.intValue());
    } else if (node.isBoolean()) {
      return node.booleanValue() ? BoolValue.ValTrue : BoolValue.ValFalse;
    } else if (node.isTextual()) {
      return node.textValue().equals(NONE) ? ModelValue.make(NONE) : new StringValue(node.textValue());
    } else if (node.isArray()) {
      List<Value> members = new ArrayList<>();
      node.forEach(member -> members.add(value(member)));
      return new SetEnumValue(members.toArray(Value[]::new), false);
    }
    List<UniqueString> names = new ArrayList<>();
    List<Value> values = new ArrayList<>();
    node.properties().forEach(field -> {
      names.add(UniqueString.uniqueStringOf(field.getKey()));
      values.add(value(field.getValue()));
    });
    return new RecordValue(names.toArray(UniqueString[]::new), values.toArray(Value[]::new), false);
  }
}
