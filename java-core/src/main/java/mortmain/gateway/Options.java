package mortmain.gateway;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import mortmain.Reductions;

/**
 * The command line, taken apart. Immutable.
 *
 * @param idleSeconds without connections until the gateway leaves; 0 is never
 * @param truncateAt the last revision that {@code repair} keeps, or -1
 * @param from the backup that {@code restore} reads, or null
 * @param reducers that may run in the gateway
 */
record Options(Command command, Path directory, boolean create, boolean tcp, long idleSeconds, long truncateAt, Path from, Reducers reducers) {
  static final String USAGE =
      """
      usage: java -jar mortmain.jar gateway --dir DIR [--foreground] [--transport unix|tcp] [--idle SECONDS] [--no-create]
                                           [--reducers MODULE,... --python PYTHON [--reducer-limit MILLISECONDS]]
             java -jar mortmain.jar verify  --dir DIR
             java -jar mortmain.jar repair  --dir DIR --truncate-at REVISION
             java -jar mortmain.jar restore --dir DIR --from BACKUP
             java -jar mortmain.jar --help | --version

      gateway  serves a state directory until it is stopped or idle (default 600 seconds; --foreground and --idle 0: never)
               --reducers: the modules whose functions may compute values (reduce), run by jep, whose jar must be on the class path
      verify   reads every frame of the journal, or of a backup; one JSON object per line, the last one is what it found; no gateway may be running
      repair   cuts the journal behind a revision: what was acknowledged after it is lost
      restore  makes a new store of a backup, in a directory that is empty or missing; one JSON object per line, the last one is the result

      exit codes: 0 ok, 1 failed, 2 wrong usage, 74 the journal could not be written, 75 another process holds the directory
      """;

  /** Where the kernel tells nobody who the peer of a socket is. */
  static final boolean TCP_ONLY = !java.io.File.separator.equals("/");

  private static final long IDLE_SECONDS = 600; // long enough for a person to think, short enough not to pile up

  /**
   * Which Python functions may run in the gateway.
   *
   * @param modules their names; empty: none
   * @param python the program of the environment that has them, for example {@code .venv/bin/python}
   * @param limit how long one may run
   */
  record Reducers(Set<String> modules, String python, Duration limit) {}

  enum Command {
    GATEWAY,
    VERIFY,
    REPAIR,
    RESTORE,
    HELP,
    VERSION
  }

  /** Wrong usage, with one line that says what is wrong. */
  static final class UsageException extends Exception {
    UsageException(String message) {
      super(message, null, false, false);
    }
  }

  static Options parse(String[] args) throws UsageException {
    if (args.length == 0) {
      throw new UsageException("a command is missing");
    }
    Parser parser = new Parser(command(args[0]));
    for (int i = 1; i < args.length; i++) {
      i = parser.option(args, i);
    }
    return parser.options();
  }

  private static Command command(String word) throws UsageException {
    return switch (word) {
      case "gateway" -> Command.GATEWAY;
      case "verify" -> Command.VERIFY;
      case "repair" -> Command.REPAIR;
      case "restore" -> Command.RESTORE;
      case "--help", "-h", "help" -> Command.HELP;
      case "--version" -> Command.VERSION;
      default -> throw new UsageException("unknown command " + word);
    };
  }

  private static final class Parser {
    private final Command command;
    private Path directory;
    private boolean create = true;
    private boolean foreground;
    private boolean tcp = TCP_ONLY;
    private long idle = IDLE_SECONDS;
    private long truncateAt = -1;
    private Path from;
    private Set<String> modules = Set.of();
    private String python;
    private long reducerMillis = Reductions.LIMIT.toMillis();

    Parser(Command command) {
      this.command = command;
    }

    /** Takes the option at {@code i}; the result is the index of its last word. */
    int option(String[] args, int i) throws UsageException {
      switch (args[i]) {
        case "--foreground" -> foreground = true;
        case "--no-create" -> create = false;
        case "--json" -> { } // verify and repair print nothing else
        case "--dir" -> directory = Path.of(value(args, i));
        case "--from" -> from = Path.of(value(args, i));
        case "--transport" -> tcp = transport(value(args, i));
        case "--reducers" -> modules = Set.of(value(args, i).split(","));
        case "--python" -> python = value(args, i);
        case "--reducer-limit" -> reducerMillis = number(args, i);
        case "--idle" -> idle = number(args, i);
        case "--truncate-at" -> truncateAt = number(args, i);
        default -> throw new UsageException("unknown option " + args[i]);
      }
      return args[i].equals("--foreground") || args[i].equals("--no-create") || args[i].equals("--json") ? i : i + 1;
    }

    Options options() throws UsageException {
      if (directory == null && command != Command.HELP && command != Command.VERSION) {
        throw new UsageException("--dir is missing");
      }
      if (command == Command.REPAIR && truncateAt < 0) {
        throw new UsageException("--truncate-at is missing");
      }
      if (command == Command.RESTORE && from == null) {
        throw new UsageException("--from is missing");
      }
      if (!modules.isEmpty() && python == null) {
        throw new UsageException("--reducers needs --python");
      }
      Reducers reducers = new Reducers(modules, python, Duration.ofMillis(reducerMillis));
      return new Options(command, directory, create, tcp, foreground ? 0 : idle, truncateAt, from, reducers);
    }

    private static String value(String[] args, int i) throws UsageException {
      if (i + 1 == args.length) {
        throw new UsageException(args[i] + " needs a value");
      }
      return args[i + 1];
    }

    private static boolean transport(String name) throws UsageException {
      if (!name.equals("unix") && !name.equals("tcp")) {
        throw new UsageException("--transport is unix or tcp, not " + name);
      }
      return name.equals("tcp");
    }

    private static long number(String[] args, int i) throws UsageException {
      try {
        long number = Long.parseLong(value(args, i));
        if (number >= 0 && number <= Long.MAX_VALUE / 2_000_000_000L) {
          return number;
        }
      } catch (NumberFormatException notOne) {
        // said below
      }
      throw new UsageException(args[i] + " takes a whole number from 0, not " + args[i + 1]);
    }
  }
}
