package mortmain.gateway;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import mortmain.Store;
import mortmain.StoreOptions;
import mortmain.gateway.frame.JsonWriter;
import mortmain.gateway.frame.WarmUp;
import mortmain.gateway.jep.JepReducers;
import mortmain.model.Limits;
import mortmain.model.MortmainException;
import mortmain.model.Rejection;

/** The command line of {@code mortmain.jar}. */
public final class Main {
  private static final int FAILED = 1;
  private static final int USAGE = 2;
  private static final int LOCKED = 75;
  private static final long PATIENCE_MILLIS = 4_500; // SIGTERM to exit: at most 5 s

  private Main() {}

  /** Runs one command; {@link Options#USAGE} says which there are. */
  public static void main(String[] args) {
    int code;
    try {
      code = run(Options.parse(args));
    } catch (Options.UsageException wrong) {
      System.err.println(wrong.getMessage() + "\n\n" + Options.USAGE);
      code = USAGE;
    } catch (Throwable bug) { // a start that fails must end, whatever threads it has left behind
      bug.printStackTrace();
      code = FAILED;
    }
    System.err.flush();
    System.out.flush();
    if (code == 0) {
      System.exit(0);
    }
    Runtime.getRuntime().halt(code);
  }

  private static int run(Options options) {
    return switch (options.command()) {
      case GATEWAY -> gateway(options);
      case VERIFY -> offline(() -> Store.verifyOffline(options.directory(), Main::progress));
      case REPAIR -> offline(() -> Store.repair(options.directory().toAbsolutePath().normalize(), options.truncateAt()));
      case RESTORE -> offline(() -> Store.restore(options.from(), options.directory(), Main::progress));
      case HELP -> say(Options.USAGE);
      case VERSION -> say("mortmain " + Gateway.VERSION);
    };
  }

  private static int gateway(Options options) {
    Log.install();
    Path directory = options.directory().toAbsolutePath().normalize();
    Thread warmUp = new Thread(WarmUp::run, "mortmain-warm-up");
    warmUp.setDaemon(true);
    warmUp.start();
    Gateway gateway;
    Store store = null;
    try {
      store = Store.open(directory, new StoreOptions(options.create(), false, Limits.DEFAULT));
      reducers(store, options.reducers());
      gateway = Gateway.start(store, RunDirectory.open(directory), options, Runtime.getRuntime()::halt);
    } catch (IOException | RuntimeException | Error failure) {
      int code = startFailed(directory, failure);
      if (store != null) {
        store.close();
      }
      return code;
    }
    Runtime.getRuntime().addShutdownHook(new Thread(() -> ended(gateway), "mortmain-signal"));
    Log.info(gateway.describe());
    gateway.awaitStopped();
    Log.info("the gateway has stopped");
    return 0;
  }

  /** Without what they need, reduce is UNSUPPORTED and says why; everything else works. */
  private static void reducers(Store store, Options.Reducers reducers) {
    if (reducers.modules().isEmpty()) {
      return;
    }
    try {
      JepReducers.start(store.reductions(), reducers.modules(), reducers.limit(), reducers.python());
    } catch (LinkageError missing) {
      store.reductions().close("jep is not on its class path");
      Log.warn("no reducers: jep is not on the class path (" + missing + ")");
    }
  }

  /** SIGTERM, SIGINT, or the normal end of the process. */
  private static void ended(Gateway gateway) {
    if (gateway.isStopped()) {
      return;
    }
    Thread guard =
        new Thread(
            () -> {
              try {
                Thread.sleep(PATIENCE_MILLIS);
              } catch (InterruptedException never) {
                Thread.currentThread().interrupt();
              }
              Runtime.getRuntime().halt(FAILED);
            },
            "mortmain-guard");
    guard.setDaemon(true);
    guard.start();
    gateway.shutdown();
    System.err.flush();
    Runtime.getRuntime().halt(0); // else the exit code would be the signal's
  }

  private static int startFailed(Path directory, Throwable failure) {
    Rejection rejection = Failures.rejection(failure, "the gateway could not start");
    if (Failures.isLocked(rejection)) {
      Log.info(rejection.message());
      return LOCKED;
    }
    if (failure instanceof MortmainException) {
      Log.warn(rejection.message());
    } else {
      Log.bug("the gateway could not start", failure);
    }
    try {
      if (Files.isDirectory(directory)) {
        RunDirectory.open(directory).fail(rejection, Instant.now().toEpochMilli() * 1000);
      }
    } catch (IOException | MortmainException e) {
      Log.warn("could not leave a note in run/failure.json: " + e.getMessage());
    }
    return FAILED;
  }

  /** A command on a directory that nobody serves. */
  private interface Offline {
    Map<String, Object> run();
  }

  private static void progress(long copied, long total) {
    print(Map.of("copied", copied, "total", total));
  }

  private static int offline(Offline command) {
    try {
      print(command.run());
      return 0;
    } catch (MortmainException rejection) {
      print(Failures.describe(rejection.rejection()));
      return Failures.isLocked(rejection.rejection()) ? LOCKED : FAILED;
    }
  }

  private static void print(Map<String, Object> told) {
    JsonWriter json = new JsonWriter(0, 1024);
    json.any(told);
    System.out.write(json.array(), 0, json.end());
    System.out.println();
    System.out.flush();
  }

  private static int say(String text) {
    System.out.println(text.strip());
    return 0;
  }
}
