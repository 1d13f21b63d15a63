package mortmain.gateway;

import java.io.IOException;
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
import mortmain.gateway.frame.DirectConnection;
import mortmain.gateway.frame.Meters;
import mortmain.gateway.frame.Operations;
import mortmain.gateway.frame.Reply;
import mortmain.gateway.py4j.LockedServer;
import mortmain.gateway.py4j.Secrets;
import mortmain.model.ErrorCode;
import mortmain.model.Limits;
import mortmain.model.Rejection;

/**
 * One open store as its clients see it: Python that runs in this JVM, and, once it serves, other processes. Safe for any number of threads.
 *
 * <p>A Java program shares the store that it opened:
 *
 * <pre>{@code
 * try (Store store = Store.open(Path.of("state"), StoreOptions.DEFAULT);
 *     Gateway gateway = Gateway.share(store)) {
 *   gateway.serve(); // to other processes too; without it they get UNAVAILABLE, reason locked
 *   ...
 * }
 * }</pre>
 */
public final class Gateway implements Operations.Host, AutoCloseable {
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
  /** Whether the store is closed with the gateway. */
  private final boolean owner;

  private final IntConsumer halt;
  private final long idleSeconds;
  private final String instance = Secrets.random(16);
  private final String word = Secrets.random(32);
  private final long started = System.nanoTime();
  private final ByteBudget budget = ByteBudget.ofHeap();
  private final Meters meters = new Meters();
  private final Operations operations;
  private final ContentionLog contention;
  /** Null while nobody outside of this JVM is served. */
  private volatile Front front;

  private final AtomicBoolean stopping = new AtomicBoolean();
  private final CountDownLatch stopped = new CountDownLatch(1);

  private Gateway(Store store, boolean owner, long idleSeconds, IntConsumer halt) {
    this.store = store;
    this.owner = owner;
    this.halt = halt;
    this.idleSeconds = idleSeconds;
    this.contention = new ContentionLog(store);
    this.operations = new Operations(store, this, meters);
  }

  /**
   * Serves an open store, which it closes at the end. {@code halt} ends the process when the journal cannot be written.
   *
   * @throws mortmain.model.MortmainException UNAVAILABLE, reason insecure-directory
   */
  static Gateway start(Store store, RunDirectory run, Options options, IntConsumer halt) throws IOException {
    Gateway gateway = new Gateway(store, true, options.idleSeconds(), halt);
    store.onFailure(gateway::poisoned);
    gateway.serve(run, options.tcp());
    return gateway;
  }

  /** For Python of this JVM that opened the directory itself. */
  static Gateway own(Store store) {
    Gateway gateway = new Gateway(store, true, 0, code -> {});
    store.onFailure(gateway::poisoned);
    return gateway;
  }

  /**
   * From now on Python that runs in this JVM and opens the directory of this store works on this very store, without a socket. The store
   * stays the caller's: {@link #close} leaves it open.
   *
   * @throws IllegalStateException when it is shared already
   */
  public static Gateway share(Store store) {
    Gateway gateway = new Gateway(store, false, 0, code -> {});
    InProcess.add(gateway);
    store.onFailure(gateway::poisoned);
    return gateway;
  }

  /**
   * Serves other processes too, over a Unix socket where there are any, until it is closed.
   *
   * @throws IOException when {@code run/} cannot be written
   * @throws mortmain.model.MortmainException UNAVAILABLE, reason insecure-directory
   * @throws IllegalStateException when it serves already, or was closed
   */
  public synchronized void serve() throws IOException {
    if (front != null || isStopping()) {
      throw new IllegalStateException("it serves already, or was closed");
    }
    serve(RunDirectory.open(store.directory()), Options.TCP_ONLY);
  }

  private void serve(RunDirectory run, boolean tcp) throws IOException {
    front =
        Front.open(
            run, tcp, listener -> new LockedServer(listener, operations, budget, word, instance, frameLimit(), MAX_CONNECTIONS), instance, word);
    daemon("mortmain-watch", new Watch(this)::run).start();
  }

  /** A connection of somebody in this JVM. */
  DirectConnection connect() {
    return new DirectConnection(operations, () -> !isStopped(), instance, frameLimit());
  }

  Store store() {
    return store;
  }

  private static Thread daemon(String name, Runnable task) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    return thread;
  }

  private long frameLimit() {
    return Math.min(store.limits().commit() + FIELDS_ROOM, budget.total());
  }

  @Override
  public Map<String, Object> greeting() {
    Map<String, Object> told = new LinkedHashMap<>();
    told.put("instance", instance);
    told.put("version", VERSION);
    told.put("features", List.of(Reply.BRIEF));
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
    told.put("connections", connections());
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
    Front open = front;
    return open == null ? "jep" : open.transport();
  }

  private int connections() {
    Front open = front;
    return open == null ? 0 : open.connectionCount();
  }

  /** For the line that says that it serves. */
  String describe() {
    return "gateway " + VERSION + " serves " + store.directory() + " over " + front.describe() + " at revision " + store.durableRevision();
  }

  boolean hasConnections() {
    return connections() > 0;
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
    return !owner || front.canBeFound();
  }

  long idleSeconds() {
    return idleSeconds;
  }

  boolean isStopping() {
    return stopping.get();
  }

  void tick(long now) {
    contention.tick(now);
    front.tick(now);
  }

  /** A store that a Java program shares is that program's to close. */
  @Override
  public void admitStop() {
    if (!owner) {
      throw Rejection.of(
              ErrorCode.UNSUPPORTED, "the store is part of a Java program, which closes it when it ends", Map.of("operation", "stop"))
          .exception();
    }
  }

  @Override
  public void stop() {
    daemon("mortmain-stop", this::shutdown).start();
  }

  /** Lets go of its clients: answers what was taken up, serves no more, and forgets that it was shared. */
  @Override
  public void close() {
    shutdown();
  }

  /** Answers what was taken up, forces, closes. Returns when all of it is done; a second call waits for the first. */
  void shutdown() {
    if (stopping.compareAndSet(false, true)) {
      try {
        operations.stopTaking();
        Front open = front;
        if (open != null) {
          open.withdraw();
        }
        awaitAnswers(LAST_ANSWERS_NANOS);
        if (open != null) {
          open.endConnections();
        }
        if (owner) {
          store.close();
        }
      } finally {
        if (front != null) {
          front.close();
        }
        InProcess.remove(this);
        stopped.countDown();
      }
    }
    awaitStopped();
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
      Front open = front;
      if (open != null) {
        open.fail(rejection);
      }
      awaitAnswers(LAST_WORDS_NANOS);
      if (open != null) {
        open.withdraw();
      }
    } catch (IOException | RuntimeException e) {
      Log.warn("could not leave a note in run/failure.json: " + e);
    } finally {
      halt.accept(POISONED);
      shutdown(); // where the process goes on: the next client opens the store anew
    }
  }
}
