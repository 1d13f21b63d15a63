import java.nio.file.Path;
import java.util.concurrent.Phaser;
import jep.Interpreter;
import jep.SharedInterpreter;
import mortmain.Store;
import mortmain.StoreOptions;
import mortmain.gateway.Gateway;
import mortmain.gateway.jep.JepPython;

/** A Java program with two Python agents inside. They share the store that the program has opened; no socket is involved until it serves. */
public final class EmbeddedAgents {
  private final Path directory;
  private final String python;
  private final Path scripts;
  private final Phaser steps = new Phaser(2);

  private EmbeddedAgents(Path directory, String python, Path scripts) {
    this.directory = directory;
    this.python = python;
    this.scripts = scripts;
  }

  public static void main(String[] args) throws Exception {
    new EmbeddedAgents(Path.of(args[0]), args[1], Path.of(args[2])).run();
    System.exit(0); // Python's threads are not waited for
  }

  private void run() throws Exception {
    JepPython.configure(python);
    try (Store store = Store.open(directory, StoreOptions.DEFAULT);
        Gateway gateway = Gateway.share(store)) {
      Thread planner = agent("planner", "cut");
      Thread critic = agent("critic", "check");
      planner.join();
      critic.join();
      System.out.println("Java sees revision " + store.durableRevision());
      visitor();
      gateway.serve();
      visitor();
    }
  }

  /** An interpreter belongs to the thread that made it. */
  private Thread agent(String name, String step) {
    Thread thread =
        new Thread(
            () -> {
              try (Interpreter agent = new SharedInterpreter()) {
                agent.set("place", directory.toString());
                agent.set("name", name);
                agent.set("step", step);
                agent.set("steps", steps);
                agent.runScript(scripts.resolve("agent.py").toString());
              } finally {
                steps.arriveAndDeregister(); // nobody waits for one that has failed
              }
            },
            name);
    thread.start();
    return thread;
  }

  /** Another process. */
  private void visitor() throws Exception {
    System.out.flush();
    new ProcessBuilder(python, scripts.resolve("visitor.py").toString(), directory.toString()).inheritIO().start().waitFor();
  }
}
