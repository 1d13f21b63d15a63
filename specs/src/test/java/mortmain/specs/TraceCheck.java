package mortmain.specs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Has TLC follow traces, all in one run; how many lines of each it accepts. */
final class TraceCheck {
  /** {@code accepted}: of each trace the lines that were steps of the specification. */
  record Result(List<Integer> accepted, Tlc.Result tlc) {}

  private TraceCheck() {}

  static Result run(String name, List<List<String>> traces) throws IOException, InterruptedException {
    Path directory = Path.of("target", "traces", name).toAbsolutePath();
    Files.createDirectories(directory);
    List<String> files = new ArrayList<>();
    for (List<String> trace : traces) {
      Path file = directory.resolve(files.size() + ".jsonl");
      Files.write(file, trace);
      files.add(file.toString());
    }
    Path reached = directory.resolve("reached.txt");
    Files.deleteIfExists(reached);
    Tlc.Result result =
        Tlc.run(
            name,
            false,
            "TraceFencedCommit",
            Files.readString(Manifest.TLA.resolve("TraceFencedCommit.cfg")),
            "-Dmortmain.traces=" + String.join(":", files),
            "-Dmortmain.traces.reached=" + reached);
    List<Integer> accepted = new ArrayList<>();
    for (String number : Files.readString(reached).replaceAll("[\\[\\] ]", "").split(",", -1)) {
      accepted.add(Integer.parseInt(number));
    }
    return new Result(accepted, result);
  }
}
