package mortmain.gateway.py4j;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import mortmain.gateway.Peer;
import mortmain.gateway.frame.ByteBudget;
import mortmain.gateway.frame.Exchange;
import mortmain.gateway.frame.Handler;
import mortmain.gateway.frame.Session;

/** The real server on a real socket, with a handler that sends the request back: what is tested here ends before any operation. */
final class Served implements AutoCloseable {
  static final String WORD = Secrets.random(32);
  static final String INSTANCE = Secrets.random(16);
  static final int FRAME_LIMIT = 1 << 20;
  static final int MAX_CONNECTIONS = 8;

  private final Path directory;
  private final Listener listener;
  private final LockedServer server;

  private Served(Path directory, Listener listener) {
    this.directory = directory;
    this.listener = listener;
    this.server = new LockedServer(listener, new Echo(), new ByteBudget(8 << 20), WORD, INSTANCE, FRAME_LIMIT, MAX_CONNECTIONS);
    server.open();
  }

  static Served tcp() {
    return new Served(null, new TcpListener());
  }

  static Served unix() throws IOException {
    Path directory = Files.createTempDirectory("mm");
    return new Served(directory, new UnixListener(directory.resolve("s"), Files.getOwner(directory)));
  }

  LockedServer server() {
    return server;
  }

  int port() {
    return listener.port();
  }

  /** A connection that has said nothing yet. */
  Peer connect() throws IOException {
    return directory == null ? Peer.tcp(listener.port()) : Peer.unix(directory.resolve("s"));
  }

  /** A connection that has authenticated. */
  Peer inside() throws IOException {
    return directory == null ? connect().prove(WORD, INSTANCE) : connect();
  }

  @Override
  public void close() throws IOException {
    server.close();
    if (directory != null) {
      try (Stream<Path> files = Files.walk(directory)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  /** The first byte of a request that takes long. */
  static final byte LONG = 'L';

  /** The first byte of a request that another thread answers, soon. */
  static final byte ELSEWHERE = 'E';

  private static final class Echo implements Handler {
    private final ExecutorService elsewhere =
        Executors.newSingleThreadExecutor(
            task -> {
              Thread thread = new Thread(task, "elsewhere");
              thread.setDaemon(true);
              return thread;
            });

    @Override
    public void handle(byte[] frame, int at, int length, Exchange exchange) {
      boolean refused = exchange.session().isRefused();
      (refused ? exchange.reply().error() : exchange.reply().answer()).beginObject().name("length").number(length).endObject();
      exchange.reply().add(java.util.Arrays.copyOfRange(frame, at, at + length));
      exchange.reply().seal(7);
      if (length > 0 && frame[at] == ELSEWHERE) {
        elsewhere.execute(() -> answer(exchange));
      } else {
        exchange.done();
      }
    }

    private static void answer(Exchange exchange) {
      long end = System.nanoTime() + 50_000;
      while (System.nanoTime() - end < 0) {
        Thread.onSpinWait();
      }
      exchange.done();
    }

    @Override
    public boolean isLong(byte[] frame, int at, int length) {
      return length > 0 && frame[at] == LONG;
    }

    @Override
    public void flush(boolean free) {
      // every answer is there at once
    }

    @Override
    public void closed(Session session) {
      // nothing was kept
    }
  }
}
