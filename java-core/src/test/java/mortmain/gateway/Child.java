package mortmain.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assertions;

/** The real command line in a process of its own. */
final class Child implements AutoCloseable {
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60); // a loaded machine

  private final Process process;
  private final Path output;

  Child(Path workingDirectory, Path output, String... arguments) throws IOException {
    this.output = output;
    List<String> line = new ArrayList<>();
    line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    line.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xss512k", "-cp", System.getProperty("java.class.path")));
    line.add("mortmain.gateway.Main");
    line.addAll(List.of(arguments));
    process =
        new ProcessBuilder(line).directory(workingDirectory.toFile()).redirectErrorStream(true).redirectOutput(output.toFile()).start();
    process.getOutputStream().close();
  }

  Process process() {
    return process;
  }

  String said() throws IOException {
    return Files.readString(output, UTF_8);
  }

  /** Waits until it serves. */
  Child serving(Path directory) throws IOException {
    long end = System.nanoTime() + PATIENCE_NANOS;
    while (!Files.exists(directory.resolve("run/gateway.json"))) {
      if (!process.isAlive() || System.nanoTime() > end) {
        Assertions.fail("it does not serve: " + said());
      }
      Thread.onSpinWait();
    }
    return this;
  }

  int exitCode() throws Exception {
    Assertions.assertTrue(process.waitFor(60, TimeUnit.SECONDS), () -> "still running: " + process);
    return process.exitValue();
  }

  @Override
  public void close() throws IOException {
    process.destroyForcibly();
    process.onExit().join();
  }
}
