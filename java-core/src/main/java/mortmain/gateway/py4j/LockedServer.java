package mortmain.gateway.py4j;

import java.io.IOException;
import java.net.Socket;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ServerSocketFactory;
import mortmain.gateway.frame.ByteBudget;
import mortmain.gateway.frame.EventLoop;
import mortmain.gateway.frame.FrameConnection;
import mortmain.gateway.frame.Handler;
import mortmain.gateway.frame.Session;
import mortmain.gateway.frame.Wire;
import py4j.Gateway;
import py4j.GatewayServer;
import py4j.Py4JServerConnection;

/**
 * py4j's server with everything shut but the entry point. Safe for any number of threads; {@link #tick} is called a few times a
 * second by the gateway's watch thread, because channels know no read timeout.
 */
public final class LockedServer extends GatewayServer {
  private static final int ROOM_TO_REFUSE = 64; // connections above the limit that are told so
  private static final long STUCK_NANOS = 1_000_000_000;

  private final Listener listener;
  private final Handler handler;
  private final ByteBudget budget;
  private final String word;
  private final String instance;
  private final long frameLimit;
  private final int maxConnections;
  private final Door door = new Door();
  private final Set<TextConnection> connections = ConcurrentHashMap.newKeySet();
  private final AtomicInteger served = new AtomicInteger();
  private final AtomicLong numbers = new AtomicLong();
  private final EventLoop loop;
  private final ExecutorService threads =
      Executors.newCachedThreadPool(task -> thread(task, "mortmain-frames-" + numbers.incrementAndGet()));

  /**
   * @param word what a TCP client must know
   * @param instance of this gateway: part of the proofs
   * @param frameLimit bytes of the largest request
   * @param maxConnections that are served at a time
   */
  public LockedServer(
      Listener listener, Handler handler, ByteBudget budget, String word, String instance, long frameLimit, int maxConnections) {
    super(new Gateway(null, new NoCallbacks()), 0, defaultAddress(), 0, 0, List.of(), factory(listener));
    this.listener = listener;
    this.handler = handler;
    this.budget = budget;
    this.word = word;
    this.instance = instance;
    this.frameLimit = frameLimit;
    this.maxConnections = maxConnections;
    this.loop = new EventLoop(handler);
  }

  private static ServerSocketFactory factory(Listener listener) {
    return new ServerSocketFactory() {
      @Override
      public ChannelServerSocket createServerSocket() throws IOException {
        return new ChannelServerSocket(listener);
      }

      @Override
      public ChannelServerSocket createServerSocket(int port) throws IOException {
        return createServerSocket();
      }

      @Override
      public ChannelServerSocket createServerSocket(int port, int backlog) throws IOException {
        return createServerSocket();
      }

      @Override
      public ChannelServerSocket createServerSocket(int port, int backlog, java.net.InetAddress address) throws IOException {
        return createServerSocket();
      }
    };
  }

  /** Binds, then accepts on a daemon thread. */
  public void open() {
    startSocket();
    thread(loop, "mortmain-loop").start();
    thread(this, "mortmain-accept").start();
  }

  @Override
  protected Py4JServerConnection createConnection(Gateway gateway, Socket socket) throws IOException {
    TextConnection connection = new TextConnection(this, socket);
    connections.add(connection);
    try {
      door.enter(connection, System.nanoTime());
      if (listener.trusted()) {
        connection.authenticated();
      }
      thread(connection, "mortmain-" + numbers.incrementAndGet()).start();
    } catch (RuntimeException | Error noThread) {
      gone(connection);
      socket.close();
      throw new IOException("no thread for a connection: " + noThread, noThread);
    }
    return connection;
  }

  private static Thread thread(Runnable task, String name) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    return thread;
  }

  /** Counts a connection in; false when there are too many already, even to tell them so. */
  boolean admitted(TextConnection connection) {
    door.leave(connection);
    int now = served.incrementAndGet();
    if (now > maxConnections) {
      connection.session().refuse();
    }
    return now <= maxConnections + ROOM_TO_REFUSE;
  }

  /** A connection has ended. */
  void gone(TextConnection connection) {
    door.leave(connection);
    if (connections.remove(connection) && connection.isAuthenticated()) {
      served.decrementAndGet();
    }
    connectionStopped(connection);
  }

  /** Authenticated connections. */
  public int connectionCount() {
    return served.get();
  }

  /** Closes connections that do not authenticate in time, and those whose reply somebody else's thread is stuck with. */
  public void tick(long now) {
    door.expire(now);
    for (TextConnection connection : connections) {
      long since = connection.writingSince();
      if (since != 0 && now - since > STUCK_NANOS) {
        connection.close();
      }
    }
  }

  /** Stops listening and closes every connection but those whose client waits for the end. */
  public void endConnections() {
    shutdown(false);
  }

  /** Closes every connection. */
  public void close() {
    endConnections();
    connections.forEach(TextConnection::close);
    loop.close();
    threads.shutdown();
  }

  Handler handler() {
    return handler;
  }

  ByteBudget budget() {
    return budget;
  }

  /** An upgraded connection. */
  FrameConnection frames(Wire wire, Session session, Runnable over) {
    return new FrameConnection(wire, session, handler, budget, frameLimit, loop, threads, over);
  }

  long frameLimit() {
    return frameLimit;
  }

  String word() {
    return word;
  }

  String instance() {
    return instance;
  }
}
