package mortmain.gateway.jep;

import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Arrays;
import jep.Interpreter;
import jep.JepException;
import jep.MainInterpreter;
import jep.PyConfig;
import jep.SharedInterpreter;

/**
 * jep, set up so that Python in this JVM finds its environment, and its own modules before Java packages of their names. {@link #configure} is called
 * once, before the first interpreter; thread-safe.
 */
public final class JepPython {
  /** Python calls use more stack than Java's. Bytes. */
  private static final long STACK = 64L << 20;

  /** As {@code python SCRIPT} would. */
  private static final String RUN =
      """
      import runpy, sys
      sys.argv[:] = [str(one) for one in arguments]
      code = 0
      try:
          runpy.run_path(sys.argv[0], run_name="__main__")
      except SystemExit as end:
          code = end.code if isinstance(end.code, int) else int(end.code is not None)
      """;

  private static boolean configured;

  private JepPython() {}

  /**
   * Shared interpreters of this JVM get the environment of a Python program, for example {@code .venv/bin/python}. jep's native library is taken
   * from beside its jar, so that both are of one version: the class path names the jar inside of Python's {@code site-packages/jep}.
   *
   * @throws IllegalStateException when jep has an interpreter already
   */
  public static synchronized void configure(String executable) {
    if (configured) {
      return;
    }
    configured = true;
    try {
      Path jar = Path.of(MainInterpreter.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      MainInterpreter.setJepLibraryPath(jar.resolveSibling(System.mapLibraryName("jep")).toString());
      MainInterpreter.setInitParams(PyConfig.python().setProgramName(executable));
      // jep asks Java first: "mortmain" would be the Java package, and so would each module that is named like one.
      try (Interpreter first = new SharedInterpreter()) {
        first.exec("import sys; sys.meta_path.sort(key=lambda finder: type(finder).__name__ == 'JepJavaImporter')");
      }
    } catch (URISyntaxException | JepException e) {
      throw new IllegalStateException("jep was used before, or its jar is no file", e);
    }
  }

  /** Runs {@code work} with an interpreter on a daemon thread of its own, which has stack enough for Python. */
  static Thread start(String name, Work work) {
    Thread thread =
        new Thread(
            null,
            () -> {
              try (Interpreter python = new SharedInterpreter()) {
                work.run(python);
              } catch (RuntimeException | Error failure) {
                work.failed(failure);
              }
            },
            name,
            STACK);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  /** What is done with an interpreter, on the thread that it belongs to. */
  interface Work {
    void run(Interpreter python);

    void failed(Throwable failure);
  }

  /** {@code java -cp mortmain.jar:.../site-packages/jep/jep-4.3.2.jar mortmain.gateway.jep.JepPython PYTHON SCRIPT [ARGUMENT...]}. */
  public static void main(String[] args) throws InterruptedException {
    int[] code = {0};
    configure(args[0]);
    Thread thread =
        start(
            "main-python",
            new Work() {
              @Override
              public void run(Interpreter python) {
                python.set("arguments", Arrays.asList(args).subList(1, args.length));
                python.exec(RUN);
                code[0] = python.getValue("code", Integer.class);
              }

              @Override
              public void failed(Throwable failure) {
                System.err.println(failure.getMessage());
                code[0] = 1;
              }
            });
    thread.join();
    System.exit(code[0]);
  }
}
