package mortmain.gateway;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import mortmain.gateway.py4j.Listener;
import mortmain.gateway.py4j.LockedServer;
import mortmain.gateway.py4j.TcpListener;
import mortmain.gateway.py4j.UnixListener;
import mortmain.model.Rejection;

/** Where other processes reach a gateway: a listening server, and {@code run/gateway.json} that says where. Safe for several threads. */
final class Front {
  private final RunDirectory run;
  private final Listener listener;
  private final LockedServer server;
  private final String instance;
  private final boolean tcp;

  /** What makes the server of a listener. */
  interface Serving {
    LockedServer on(Listener listener);
  }

  private Front(RunDirectory run, Listener listener, LockedServer server, String instance) {
    this.run = run;
    this.listener = listener;
    this.server = server;
    this.instance = instance;
    this.tcp = !listener.trusted();
  }

  /** Listens first, then says where. {@code word}: what a TCP client must know. */
  static Front open(RunDirectory run, boolean tcp, Serving serving, String instance, String word) throws IOException {
    Listener listener = tcp ? new TcpListener() : unix(run);
    Front front = new Front(run, listener, serving.on(listener), instance);
    front.server.open();
    try {
      run.announce(front.discovery(word));
    } catch (IOException | RuntimeException e) {
      front.server.close();
      throw e;
    }
    return front;
  }

  private static Listener unix(RunDirectory run) {
    Path socket = Sockets.bindable(run.path().resolve(RunDirectory.SOCKET));
    if (socket == null) {
      Log.warn("the path of the socket is too long for the kernel: serving over TCP; start with the state directory as working directory");
      return new TcpListener();
    }
    return new UnixListener(socket, run.owner());
  }

  private Map<String, Object> discovery(String word) {
    Map<String, Object> told = new LinkedHashMap<>();
    told.put("protocol", Gateway.PROTOCOL);
    told.put("instance", instance);
    told.put("pid", ProcessHandle.current().pid());
    told.put("transport", transport());
    told.put("socket", tcp ? null : RunDirectory.SOCKET);
    told.put("address", tcp ? "127.0.0.1" : null);
    told.put("port", tcp ? listener.port() : null);
    told.put("token", word);
    told.put("version", Gateway.VERSION);
    told.put("started", Instant.now().toString());
    return told;
  }

  String transport() {
    return tcp ? "tcp" : "unix";
  }

  /** For the line that says that it serves. */
  String describe() {
    return transport() + (tcp ? " port " + listener.port() : "");
  }

  int connectionCount() {
    return server.connectionCount();
  }

  boolean canBeFound() {
    return run.announces(instance) && (tcp || run.hasSocket());
  }

  void tick(long now) {
    server.tick(now);
  }

  /** Says why the gateway stopped by itself. */
  void fail(Rejection why) throws IOException {
    run.fail(why, Instant.now().toEpochMilli() * 1000);
  }

  /** New clients look elsewhere from now on. */
  void withdraw() {
    try {
      run.withdraw(instance, !tcp);
    } catch (IOException gone) {
      Log.warn("could not remove run/gateway.json: " + gone);
    }
  }

  /** Serves nobody any more; whoever has asked for the end stays connected, and learns of it by {@link #close}. */
  void endConnections() {
    server.endConnections();
  }

  void close() {
    server.close();
  }
}
