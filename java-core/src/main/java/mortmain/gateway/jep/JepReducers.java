package mortmain.gateway.jep;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.logging.Level;
import java.util.logging.Logger;
import jep.Interpreter;
import mortmain.Reductions;

/** Lets Python, inside this JVM, run the functions of reduce commits. Stateless. */
public final class JepReducers {
  private static final Logger LOG = Logger.getLogger("mortmain.gateway");
  /** What Python gets to say where a late function stands before it is given up without. */
  private static final Duration LAST_WORD = Duration.ofMillis(250);

  private JepReducers() {}

  /**
   * Returns at once: what is asked for meanwhile waits. If Python cannot be started, reduce is UNSUPPORTED and says why.
   *
   * @param executable the Python program of the environment that has the modules, mortmain and jep
   */
  public static void start(Reductions reductions, Set<String> modules, Duration limit, String executable) {
    JepPython.configure(executable);
    reductions.open(modules, limit);
    JepPython.start(
        "mortmain-python",
        new JepPython.Work() {
          @Override
          public void run(Interpreter python) {
            python.set("reductions", reductions);
            python.set("modules", List.copyOf(modules));
            python.exec("from mortmain._reducing import serve");
            LOG.info("functions of " + String.join(", ", modules) + " may compute values");
            python.exec("serve(reductions, [str(module) for module in modules])");
          }

          @Override
          public void failed(Throwable failure) {
            LOG.log(Level.WARNING, "no reducers: Python could not be started: " + failure.getMessage());
            reductions.close("Python could not be started in it: " + failure.getMessage());
          }
        });
    Thread watch = new Thread(() -> giveUp(reductions), "mortmain-reducer-watch");
    watch.setDaemon(true);
    watch.start();
  }

  private static void giveUp(Reductions reductions) {
    try {
      reductions.giveUp(LAST_WORD);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
