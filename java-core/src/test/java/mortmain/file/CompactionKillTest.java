package mortmain.file;

import static mortmain.Request.key;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import mortmain.Request;
import mortmain.Rounds;
import mortmain.Store;
import mortmain.model.ReadOptions;
import mortmain.model.Snapshot;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** kill -9 in the middle of compactions, again and again on the same directory: what was acknowledged is there, and the disk does not fill. */
class CompactionKillTest {
  private static final Pattern SAID = Pattern.compile("(\\d+) (\\d+) .*bytes=(\\d+).*runs=(\\d+).*");
  private static final int ROUNDS = Rounds.of(5, 2);
  private final Random random = new Random(11);
  private final long[] acknowledged = new long[CompactingChild.KEYS];
  private long compactions;
  private int aided;

  @Test
  void whatWasAcknowledgedSurvivesEveryKill(@TempDir Path directory) throws Exception {
    for (int round = 0; round < ROUNDS; round++) {
      killOne(directory, 150 + random.nextInt(300));
      FileEngine engine = CompactingChild.open(directory);
      Store store = new Store(engine);
      aided += (long) engine.aids().info().get("revision") > 0 ? 1 : 0;
      long items = 0;
      for (int i = 0; i < CompactingChild.KEYS; i++) {
        Snapshot found = store.read(List.of(key("k" + i)), ReadOptions.NEWEST).snapshots().get(0);
        long version = found.version();
        long least = acknowledged[i];
        assertTrue(version == least || version == least + 1, () -> "acknowledged " + least + ", found " + version);
        assertTrue(version == 0 || Request.text(found).equals(CompactingChild.value(i, version)));
        acknowledged[i] = version;
        items += version;
      }
      Snapshot log = store.read(List.of(key("log")), ReadOptions.NEWEST).snapshots().get(0);
      assertEquals(items, log.exists() ? Request.text(log).split(",", -1).length : 0);
      store.verify();
      store.close();
    }
    assertTrue(compactions >= ROUNDS, () -> compactions + " compactions");
    assertTrue(aided >= Rounds.of(1, 0), "no start had an aid that a killed process had left");
    long live = CompactingChild.KEYS * 720L;
    long written = 0;
    for (long versions : acknowledged) {
      written += versions * 720;
    }
    long used = 0;
    try (var files = Files.list(directory.resolve("journal"))) {
      for (Path file : files.toList()) {
        used += Files.size(file);
      }
    }
    long all = written;
    long left = used;
    assertTrue(left < all / 2 + 3 * (1 << 17), () -> all + " bytes were written, " + live + " live, and " + left + " are on disk");
  }

  /** Runs a child until it has acknowledged so many commits, and kills it. */
  private void killOne(Path directory, int commits) throws IOException, InterruptedException {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    Process child = new ProcessBuilder(
        java, "-Xmx128m", "-XX:+UseSerialGC", "-cp", System.getProperty("java.class.path"), CompactingChild.class.getName(), directory.toString())
        .redirectError(ProcessBuilder.Redirect.INHERIT).start();
    try (BufferedReader out = new BufferedReader(new InputStreamReader(child.getInputStream(), StandardCharsets.UTF_8))) {
      long runs = 0;
      for (int i = 0; i < commits || (runs == 0 && i < 20 * commits); i++) {
        String line = out.readLine();
        Matcher said = SAID.matcher(line == null ? "" : line);
        assertTrue(said.matches(), () -> "the child said " + line);
        acknowledged[Integer.parseInt(said.group(1))] = Long.parseLong(said.group(2));
        runs = Long.parseLong(said.group(4));
      }
      compactions += runs;
      child.toHandle().destroyForcibly(); // the process's own method would close the stream
      for (String line = out.readLine(); line != null; line = out.readLine()) { // what it said before it died
        Matcher said = SAID.matcher(line);
        if (said.matches()) {
          acknowledged[Integer.parseInt(said.group(1))] = Long.parseLong(said.group(2));
        }
      }
    } finally {
      child.destroyForcibly();
      child.waitFor();
    }
  }
}
