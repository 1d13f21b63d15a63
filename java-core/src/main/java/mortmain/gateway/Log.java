package mortmain.gateway;

import java.time.Instant;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** The log: standard error, one line per event, a stack trace only for a bug. Safe for any number of threads. */
final class Log extends Handler {
  private static final Logger LOGGER = Logger.getLogger("mortmain");

  /** From now on everything that mortmain logs goes to standard error. */
  static void install() {
    LOGGER.setUseParentHandlers(false);
    for (Handler old : LOGGER.getHandlers()) {
      LOGGER.removeHandler(old);
    }
    LOGGER.addHandler(new Log());
  }

  static void info(String message) {
    LOGGER.log(Level.INFO, message);
  }

  static void warn(String message) {
    LOGGER.log(Level.WARNING, message);
  }

  static void bug(String message, Throwable cause) {
    LOGGER.log(Level.SEVERE, message, cause);
  }

  @Override
  public void publish(LogRecord entry) {
    if (isLoggable(entry)) {
      String line = Instant.ofEpochMilli(entry.getMillis()) + " " + entry.getLevel() + " " + String.valueOf(entry.getMessage()).replace('\n', ' ');
      synchronized (this) {
        System.err.println(line);
        if (entry.getThrown() != null) {
          entry.getThrown().printStackTrace();
        }
      }
    }
  }

  @Override
  public void flush() {
    System.err.flush();
  }

  @Override
  public void close() {
    flush();
  }
}
