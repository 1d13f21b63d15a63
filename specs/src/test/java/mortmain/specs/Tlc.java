package mortmain.specs;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** One run of TLC in a JVM of its own: it keeps its state in static fields. */
final class Tlc {
  static final int FINE = 0;
  static final int INVARIANT = 12;
  static final int PROPERTY = 13;

  private static final Pattern STATES = Pattern.compile("states generated, (\\d+) distinct states found, 0 states left");
  private static final Pattern VIOLATED = Pattern.compile("Error: (?:Invariant|Action property) (\\w+) is violated");
  private static final Pattern ANONYMOUS =
      Pattern.compile("Error: (?:Action property (line .*) is violated|(Temporal properties were violated))");
  private static final Pattern PROPERTIES = Pattern.compile("PROPERTIES\\s+(\\w+)\\s*(?:CONSTANT|INVARIANT|$)");
  private static final Pattern ACTION = Pattern.compile("^<(\\w+) line .*>: \\d+:(\\d+)$", Pattern.MULTILINE);

  /** What a run said. {@code violated}: the name of a property, or null. {@code taken}: how often each action was taken. */
  record Result(int exit, long states, String violated, Map<String, Long> taken, String output) {}

  private Tlc() {}

  /**
   * {@code cfg}: the text of a configuration. {@code name}: of the run, used for its directory. {@code brief}: a run of seconds. {@code options}: of
   * TLC; those that begin with -D are the JVM's.
   */
  static Result run(String name, boolean brief, String module, String cfg, String... options) throws IOException, InterruptedException {
    Path directory = Path.of("target", "tlc", name).toAbsolutePath();
    delete(directory);
    Files.createDirectories(directory.resolve("meta"));
    // It unpacks its standard modules into the directory for temporary files, under names that all runs would share.
    Path unpacked = Files.createDirectory(directory.resolve("unpacked"));
    Path config = directory.resolve("model.cfg");
    Files.writeString(config, cfg);
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-Xmx1g",
                "-Djava.io.tmpdir=" + unpacked,
                "-XX:TieredStopAtLevel=" + (brief ? 1 : 4)));
    Stream.of(options).filter(option -> option.startsWith("-D")).forEach(command::add);
    command.addAll(
            List.of(
                "-cp",
                System.getProperty("java.class.path"),
                "tlc2.TLC",
                "-nowarning",
                "-deadlock",
                "-metadir",
                directory.resolve("meta").toString(),
                "-config",
                config.toString()));
    Stream.of(options).filter(option -> !option.startsWith("-D")).forEach(command::add);
    command.add(module);
    Process process = new ProcessBuilder(command).directory(Manifest.TLA.toFile()).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output = read(process);
    int exit = process.waitFor();
    Files.writeString(directory.resolve("output.txt"), output);
    delete(directory.resolve("meta"));
    delete(unpacked);
    return result(exit, output, cfg);
  }

  private static String read(Process process) throws IOException {
    try (InputStream out = process.getInputStream()) {
      return new String(out.readAllBytes(), StandardCharsets.UTF_8);
    } finally {
      process.destroy();
    }
  }

  private static Result result(int exit, String output, String cfg) {
    Matcher states = STATES.matcher(output);
    Matcher violated = VIOLATED.matcher(output);
    Matcher anonymous = ANONYMOUS.matcher(output);
    String name = violated.find() ? violated.group(1) : anonymous.find() ? onlyProperty(cfg) : null;
    Map<String, Long> taken = new LinkedHashMap<>();
    Matcher action = ACTION.matcher(output);
    while (action.find()) {
      taken.put(action.group(1), Long.parseLong(action.group(2)));
    }
    return new Result(exit, states.find() ? Long.parseLong(states.group(1)) : -1, name, taken, output);
  }

  /** TLC does not name a temporal property that fails: only a configuration with a single one can tell. */
  private static String onlyProperty(String cfg) {
    Matcher properties = PROPERTIES.matcher(cfg);
    return properties.find() ? properties.group(1) : "?";
  }

  private static void delete(Path directory) throws IOException {
    if (Files.exists(directory)) {
      try (Stream<Path> files = Files.walk(directory)) {
        for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
          Files.delete(file);
        }
      }
    }
  }
}
