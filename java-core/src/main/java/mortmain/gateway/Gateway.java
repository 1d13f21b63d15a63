package mortmain.gateway;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;
import mortmain.Store;
import mortmain.gateway.frame.ByteBudget;
import mortmain.gateway.frame.Meters;
import mortmain.gateway.frame.Operations;
import mortmain.gateway.py4j.Listener;
import mortmain.gateway.py4j.LockedServer;
import mortmain.gateway.py4j.Secrets;
import mortmain.gateway.py4j.TcpListener;
import mortmain.gateway.py4j.UnixListener;
import mortmain.model.Limits;
import mortmain.model.Rejection;

/**
 * One open store behind one listening server, from the start to the end. Safe for any number of threads; {@link #stop()} may be
 * called by several.
 */
final class Gateway implements Operations.Host {
  static final String VERSION = "0.1.0";
  static final int PROTOCOL = 1;

  /** Exit code after the journal could not be written. */
  static final int POISONED = 74;

  private static final int MAX_CONNECTIONS = 1024; // a thread each
  private static final long FIELDS_ROOM = 16L << 20; // beside the values of the largest commit
  private static final long LAST_ANSWERS_NANOS = 2_000_000_000L;
  private static final long LAST_WORDS_NANOS = 500_000_000L;
  private static final long NAP_NANOS = 1_000_000;

  private final Store store;
  private final RunDirectory run;
  private final IntConsumer halt;
  private final long idleSeconds;
  private final boolean tcp;
  private final String instance = Secrets.random(16);
  private final String word = Secrets.random(32);
  private final long started = System.nanoTime();
  private final ByteBudget budget = ByteBudget.ofHeap();
  private final Meters meters = new Meters();
  private final Operations operations;
  private final Listener listener;
  private final LockedServer server;
  private final ContentionLog contention;
  private final AtomicBoolean stopping = new AtomicBoolean();
  private final CountDownLatch stopped = new CountDownLatch(1);

  private Gateway(Store store, RunDirectory run, Options options, IntConsumer halt) {
    this.store = store;
    this.run = run;
    this.halt = halt;
    this.idleSeconds = options.idleSeconds();
    this.listener = options.tcp() ? new TcpListener() : unix(run);
    this.tcp = !listener.trusted();
    this.contention = new ContentionLog(store);
    this.operations = new Operations(store, this, meters);
    this.server = new LockedServer(listener, operations, budget, word, instance, frameLimit(), MAX_CONNECTIONS);
  }

  /**
   * Serves an open store: listens first, then says where. {@code halt} ends the process when the journal cannot be written.
   *
   * @throws mortmain.model.MortmainException UNAVAILABLE, reason insecure-directory
   */
  static Gateway start(Store store, RunDirectory run, Options options, IntConsumer halt) throws IOException {
    Gateway gateway = new Gateway(store, run, options, halt);
    store.onFailure(gateway::poisoned);
    gateway.server.open();
    try {
      run.announce(gateway.discovery());
    } catch (IOException | RuntimeException e) {
      gateway.server.close();
      throw e;
    }
    daemon("mortmain-watch", new Watch(gateway)::run).start();
    return gateway;
  }

  private static Listener unix(RunDirectory run) {
    Path socket = Sockets.bindable(run.path().resolve(RunDirectory.SOCKET));
    if (socket == null) {
      Log.warn("the path of the socket is too long for the kernel: serving over TCP; start with the state directory as working directory");
      return new TcpListener();
    }
    return new UnixListener(socket, run.owner());
  }

  private static Thread daemon(String name, Runnable task) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    return thread;
  }

  private long frameLimit() {
    return Math.min(store.limits().commit() + FIELDS_ROOM, budget.total());
  }

  private Map<String, Object> discovery() {
    Map<String, Object> told = new LinkedHashMap<>();
    told.put("protocol", PROTOCOL);
    told.put("instance", instance);
    told.put("pid", ProcessHandle.current().pid());
    told.put("transport", transport());
    told.put("socket", tcp ? null : RunDirectory.SOCKET);
    told.put("address", tcp ? "127.0.0.1" : null);
    told.put("port", tcp ? listener.port() : null);
    told.put("token", word);
    told.put("version", VERSION);
    told.put("started", Instant.now().toString());
    return told;
  }

  @Override
  public Map<String, Object> greeting() {
    Map<String, Object> told = new LinkedHashMap<>();
    told.put("instance", instance);
    told.put("version", VERSION);
    told.put("features", List.of());
    told.put("limits", limits());
    told.put("directory", store.directory().toString());
    return told;
  }

  private Map<String, Object> limits() {
    Limits limits = store.limits();
    Map<String, Object> told = new LinkedHashMap<>();
    told.put("value", limits.value());
    told.put("key", limits.key());
    told.put("frame", frameLimit());
    told.put("meta", limits.metaBytes());
    told.put("keys", limits.keys());
    told.put("commit", limits.commit());
    return told;
  }

  @Override
  public Map<String, Object> info() {
    Map<String, Object> told = new LinkedHashMap<>();
    told.put("pid", ProcessHandle.current().pid());
    told.put("version", VERSION);
    told.put("protocol", PROTOCOL);
    told.put("instance", instance);
    told.put("transport", transport());
    told.put("directory", store.directory().toString());
    told.put("capabilities", List.of("verify", "backup", "mount"));
    told.put("uptime", (System.nanoTime() - started) / 1e9);
    told.put("connections", server.connectionCount());
    told.putAll(store.info());
    Map<String, Object> limits = limits();
    limits.put("in_flight", budget.total());
    limits.put("connections", MAX_CONNECTIONS);
    told.put("limits", limits);
    told.put("in_flight", budget.taken());
    Map<String, Object> counters = meters.counters();
    if (told.get("counters") instanceof Map<?, ?> ofStore) {
      ofStore.forEach((name, count) -> counters.putIfAbsent(String.valueOf(name), count));
    }
    told.put("counters", counters);
    told.put("latencies", meters.latencies());
    return told;
  }

  private String transport() {
    return tcp ? "tcp" : "unix";
  }

  /** For the line that says that it serves. */
  String describe() {
    return "gateway " + VERSION + " serves " + store.directory() + " over " + transport() + (tcp ? " port " + listener.port() : "")
        + " at revision " + store.durableRevision();
  }

  boolean hasConnections() {
    return server.connectionCount() > 0;
  }

  /** Requests that wait for a claim or a turn. */
  int waitingRequests() {
    return operations.waiting();
  }

  boolean isBackingUp() {
    return operations.isBackingUp();
  }

  boolean hasLiveClaims() {
    return store.hasLiveClaims();
  }

  boolean canBeFound() {
    return run.announces(instance);
  }

  long idleSeconds() {
    return idleSeconds;
  }

  boolean isStopping() {
    return stopping.get();
  }

  void tick(long now) {
    contention.tick(now);
    server.tick(now);
  }

  @Override
  public void stop() {
    daemon("mortmain-stop", this::shutdown).start();
  }

  /** Answers what was taken up, forces, closes. Returns when all of it is done; a second call waits for the first. */
  void shutdown() {
    if (stopping.compareAndSet(false, true)) {
      try {
        operations.stopTaking();
        withdraw();
        awaitAnswers(LAST_ANSWERS_NANOS);
        server.close();
        store.close();
      } finally {
        stopped.countDown();
      }
    }
    awaitStopped();
  }

  private void withdraw() {
    try {
      run.withdraw(instance, !tcp);
    } catch (IOException gone) {
      Log.warn("could not remove run/gateway.json: " + gone);
    }
  }

  private void awaitAnswers(long patience) {
    long end = System.nanoTime() + patience;
    while (operations.busy() > 0 && System.nanoTime() - end < 0) {
      LockSupport.parkNanos(NAP_NANOS);
    }
  }

  /** Waits until the gateway has stopped. */
  void awaitStopped() {
    boolean interrupted = false;
    while (stopped.getCount() > 0) {
      try {
        stopped.await();
      } catch (InterruptedException again) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  boolean isStopped() {
    return stopped.getCount() == 0;
  }

  boolean awaitStopped(long seconds) throws InterruptedException {
    return stopped.await(seconds, TimeUnit.SECONDS);
  }

  /** The journal refused a write: nothing can be acknowledged any more, so the process ends and a fresh one reads what is there. */
  private void poisoned(Throwable cause) {
    daemon("mortmain-poisoned", () -> lastWords(cause)).start();
  }

  private void lastWords(Throwable cause) {
    Rejection rejection = Failures.rejection(cause, "the journal could not be written");
    try {
      Log.bug("the journal could not be written, the gateway ends", cause);
      operations.stopTaking();
      run.fail(rejection, Instant.now().toEpochMilli() * 1000);
      awaitAnswers(LAST_WORDS_NANOS);
      withdraw();
    } catch (IOException | RuntimeException e) {
      Log.warn("could not leave a note in run/failure.json: " + e);
    } finally {
      halt.accept(POISONED);
    }
  }
}
