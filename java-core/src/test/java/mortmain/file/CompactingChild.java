package mortmain.file;

import static mortmain.Request.by;
import static mortmain.Request.key;

import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import mortmain.Store;
import mortmain.disk.RealDisk;
import mortmain.journal.JournalOptions;
import mortmain.model.Limits;
import mortmain.model.ReadOptions;
import mortmain.model.Retain;
import mortmain.model.Snapshot;

/** A process that commits and compacts until it is killed, and says what was acknowledged. Its clock runs fast, so that a minute is soon over. */
final class CompactingChild {
  static final int KEYS = 20;
  private static final int FAST = 2000;

  private CompactingChild() {}

  static FileEngine open(Path directory) throws IOException {
    JournalOptions options = JournalOptions.defaults().segments(8192, 1 << 17);
    Clocks clocks = new Clocks(() -> System.nanoTime() * FAST, Clock.systemUTC());
    return FileEngineProvider.recover(new RealDisk(), directory, options, Limits.DEFAULT, clocks, () -> { });
  }

  static String value(int key, long version) {
    return "\"" + key + "-" + version + "-" + Integer.toString((int) (version % 36), 36).repeat(700) + "\"";
  }

  public static void main(String[] arguments) throws IOException {
    FileEngine engine = open(Path.of(arguments[0]));
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    engine.aids().from(0);
    Store store = new Store(engine);
    store.retain(new Retain("", 1, 0, "child"));
    Thread compaction = new Thread(() -> {
      while (true) {
        engine.decisions().tick();
        try {
          engine.compactor().background();
          engine.aids().ifDue(engine.new AidHost(false));
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    });
    compaction.setDaemon(true);
    compaction.start();
    for (int i = 0; ; i = (i + 1) % KEYS) {
      Snapshot now = store.read(List.of(key("k" + i)), ReadOptions.NEWEST).snapshots().get(0);
      store.commit(by("child").on(now).put("k" + i, value(i, now.version() + 1)).append("log", "\"" + i + "-" + (now.version() + 1) + "\"").commit());
      out.println(i + " " + (now.version() + 1) + " " + store.info().get("journal"));
    }
  }
}
