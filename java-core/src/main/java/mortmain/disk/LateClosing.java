package mortmain.disk;

import java.io.IOException;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Lets go of files that are replaced, on a thread of its own. A file that loses its name goes when nobody has it open any more: its blocks are
 * freed, once the disk has taken what was written to them. A rename over a file that nobody has open waits for that, 100 microseconds and more;
 * one over a file that is open does not. Thread-safe; the thread ends when there is nothing to do.
 */
final class LateClosing {
  /** So many files wait to be closed; who comes then closes by itself, which keeps the pace of the disk. */
  private static final int WAITING = 64;

  private static final ThreadPoolExecutor CLOSER =
      new ThreadPoolExecutor(1, 1, 10, TimeUnit.SECONDS, new ArrayBlockingQueue<>(WAITING), task -> {
        Thread thread = new Thread(task, "mortmain-late-closing");
        thread.setDaemon(true);
        return thread;
      }, new ThreadPoolExecutor.CallerRunsPolicy());

  static {
    CLOSER.allowCoreThreadTimeOut(true);
  }

  private LateClosing() {}

  /**
   * Opens a file that is about to be replaced; null when it cannot be opened, or is gone. For writing too, although nothing is written: if a pipe
   * has taken its place, opening that for reading alone would wait for whoever writes into it.
   */
  static SeekableByteChannel hold(SecureDirectoryStream<Path> directory, Path name) {
    try {
      return directory.newByteChannel(name, Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS));
    } catch (IOException e) {
      return null;
    }
  }

  /** Closes it soon; null is nothing. */
  static void close(SeekableByteChannel held) {
    if (held != null) {
      CLOSER.execute(() -> {
        try {
          held.close();
        } catch (IOException e) {
          // nothing was written through it
        }
      });
    }
  }
}
