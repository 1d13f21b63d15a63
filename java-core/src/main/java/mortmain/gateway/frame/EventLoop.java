package mortmain.gateway.frame;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * One thread that serves the small requests of all connections: it takes up what has come, has the handler judge it, then force it
 * together. A thread per connection costs two context switches more for each request, and smaller batches. Public methods may be
 * called by any thread.
 */
public final class EventLoop implements Runnable {
  private final Handler handler;
  private final Selector selector;
  private final Pace pace = new Pace();
  /** Requests that threads of their own have taken, and those of them that they serve now. */
  private final AtomicLong takenAway = new AtomicLong();
  private final AtomicInteger servedAway = new AtomicInteger();
  /** Counts what the loop does; written by its thread alone. */
  private volatile long steps;
  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private final List<FrameConnection> leaving = new ArrayList<>();
  private volatile Thread thread;
  private volatile boolean closed;
  /** The last connection that was served, and since when no other one was. */
  private FrameConnection served;
  private long onlySince;
  private int servedCount;
  private long takenBefore;

  public EventLoop(Handler handler) {
    this.handler = handler;
    try {
      selector = Selector.open();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Serves until it is closed, then ends every connection. */
  @Override
  public void run() {
    thread = Thread.currentThread();
    try {
      while (!closed) {
        await();
        do {
          runTasks();
          handler.flush(isLone());
        } while (letGo());
      }
    } catch (IOException broken) {
      Logger.getLogger("mortmain.gateway").log(Level.SEVERE, "the event loop failed", broken);
    } finally {
      endAll();
    }
  }

  /** Ends the thread and its connections. */
  public void close() {
    closed = true;
    selector.wakeup();
  }

  private void runTasks() {
    for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
      task.run();
    }
  }

  // ---------------------------------------------------------------- waiting

  /** A lone client's next request is looked for before sleeping. */
  private void await() throws IOException {
    boolean lone = isLone();
    servedCount = 0;
    long from = lone ? System.nanoTime() : 0;
    if (!(lone && pace.isFast() && look(from))) {
      if (mayWait()) {
        selector.select(this::ready);
      } else { // what ended a look sent a wake-up, which the look may have taken
        selector.selectNow(this::ready);
      }
    }
    if (lone) {
      pace.waited(System.nanoTime() - from);
    }
  }

  private boolean mayWait() {
    return tasks.isEmpty() && !closed;
  }

  private boolean isLone() {
    return servedCount > 0 && isAloneSince(onlySince);
  }

  private boolean look(long from) throws IOException {
    while (mayWait() && System.nanoTime() - from < Pace.LONGEST_LOOK) {
      if (selector.selectNow(this::ready) > 0) {
        return true;
      }
      Thread.onSpinWait();
    }
    return false;
  }

  private void ready(SelectionKey key) {
    FrameConnection connection = (FrameConnection) key.attachment();
    servedCount++;
    step(connection);
  }

  // ---------------------------------------------------------------- connections

  /** Takes a connection in. */
  void enter(FrameConnection connection) {
    submit(() -> {
      try {
        connection.wire().channel().configureBlocking(false);
        connection.key = connection.wire().channel().register(selector, SelectionKey.OP_READ, connection);
      } catch (IOException | ClosedSelectorException gone) {
        connection.end();
        return;
      }
      step(connection); // what it has read already shows in no selection
    });
  }

  /** Its reply is out, or it was closed. */
  void lookAt(FrameConnection connection) {
    submit(() -> {
      SelectionKey key = connection.key;
      if (key != null) {
        if (key.isValid()) {
          key.interestOps(SelectionKey.OP_READ);
        }
        step(connection);
      }
    });
  }

  /** Its reply is for a thread of its own to send. */
  void release(FrameConnection connection) {
    submit(() -> leave(connection));
  }

  private void submit(Runnable task) {
    tasks.add(task);
    if (Thread.currentThread() != thread) {
      selector.wakeup();
    }
    if (closed) {
      runTasks(); // nobody else does
    }
  }

  /** A thread of its own has taken a request. */
  void beganAway() {
    takenAway.incrementAndGet();
    servedAway.incrementAndGet();
  }

  /** ... and waits for the next one. */
  void endedAway() {
    servedAway.decrementAndGet();
  }

  /**
   * Whether the connection that is served now is the only one that was for a while, and has a core. Two requests in a row say little: who
   * takes a turn and commits makes them while the others wait. On the loop's thread.
   */
  boolean isAlone(FrameConnection connection) {
    long taken = takenAway.get();
    if (connection != served || taken != takenBefore) {
      served = connection;
      takenBefore = taken;
      onlySince = System.nanoTime();
      return false;
    }
    return isAloneSince(onlySince);
  }

  /** Whether nobody else has had anything done since a moment long enough ago. A thread that waits for its client's next request is nobody. */
  private boolean isAloneSince(long moment) {
    return Pace.HAS_CORES && servedAway.get() == 0 && System.nanoTime() - moment > Pace.ALONE_AFTER;
  }

  /** How much was done by the loop and by threads of their own: a number to compare. */
  long steps() {
    return steps + takenAway.get();
  }

  /** Whether nothing is done, nor was since then, as far as {@link #steps} tells, and there is a core for who waits. */
  boolean isQuietSince(long then) {
    return Pace.HAS_CORES && steps() == then && servedAway.get() == 0;
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // one thread writes
  private void step(FrameConnection connection) {
    steps++;
    FrameConnection.Next next;
    try {
      next = connection.look();
    } catch (IOException gone) {
      next = FrameConnection.Next.CLOSE;
    } catch (RuntimeException | Error bug) {
      Logger.getLogger("mortmain.gateway").log(Level.SEVERE, "a connection failed unexpectedly", bug);
      next = FrameConnection.Next.CLOSE;
    }
    switch (next) {
      case STAY -> { }
      case WAIT -> deafen(connection.key);
      case LEAVE -> leave(connection);
      case CLOSE -> end(connection);
    }
  }

  private static void deafen(SelectionKey key) {
    if (key.isValid()) {
      key.interestOps(0);
    }
  }

  private void leave(FrameConnection connection) {
    if (connection.key != null) {
      connection.key.cancel();
      connection.key = null;
      leaving.add(connection);
    }
  }

  private static void end(FrameConnection connection) {
    connection.key.cancel();
    connection.key = null;
    connection.end();
  }

  /**
   * A channel blocks again only when the selector has forgotten it, which takes a selection. True if that one has found requests: they
   * are to be forced, and their connections may want to leave in their turn, before this sleeps.
   */
  private boolean letGo() throws IOException {
    if (leaving.isEmpty()) {
      return false;
    }
    List<FrameConnection> now = List.copyOf(leaving);
    leaving.clear();
    int before = servedCount;
    selector.selectNow(this::ready);
    for (FrameConnection connection : now) {
      try {
        connection.wire().channel().configureBlocking(true);
      } catch (IOException gone) {
        connection.end();
        continue;
      }
      connection.leave();
    }
    return servedCount > before;
  }

  private void endAll() {
    closed = true;
    for (SelectionKey key : List.copyOf(selector.keys())) {
      FrameConnection connection = (FrameConnection) key.attachment();
      if (connection.key == key) {
        end(connection);
      }
    }
    leaving.forEach(FrameConnection::end);
    try {
      selector.close();
    } catch (IOException alreadyClosed) {
      // nothing is left to close
    }
    runTasks();
  }
}
