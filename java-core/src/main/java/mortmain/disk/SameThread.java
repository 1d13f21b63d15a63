package mortmain.disk;

import java.util.List;
import java.util.Locale;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;

/** Runs what it is given in the calling thread. Safe for use by several threads. */
final class SameThread extends AbstractExecutorService {
  static final boolean WINDOWS = System.getProperty("os.name", "").toLowerCase(Locale.ROOT).startsWith("windows");
  private static final SameThread INSTANCE = new SameThread();

  private SameThread() {}

  /** Null, the default pool, on Windows: there the executor runs the completion port's endless loop. */
  static ExecutorService orDefault() {
    return WINDOWS ? null : INSTANCE;
  }

  @Override
  public void execute(Runnable command) {
    command.run();
  }

  @Override
  public void shutdown() {}

  @Override
  public List<Runnable> shutdownNow() {
    return List.of();
  }

  @Override
  public boolean isShutdown() {
    return false;
  }

  @Override
  public boolean isTerminated() {
    return false;
  }

  @Override
  public boolean awaitTermination(long timeout, TimeUnit unit) {
    return true;
  }
}
