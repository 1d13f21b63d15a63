package mortmain.gateway;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import mortmain.Store;
import mortmain.StoreOptions;
import mortmain.gateway.frame.Op;

/** The real gateway over a real store, in this process and in a directory of its own. */
final class Running implements AutoCloseable {
  private final Path directory;
  private final Store store;
  private final Gateway gateway;
  private final AtomicInteger halted = new AtomicInteger(-1);
  private final AtomicInteger numbers = new AtomicInteger();

  private Running(String... options) throws Exception {
    directory = Files.createTempDirectory("mm");
    store = Store.open(directory, StoreOptions.DEFAULT);
    String[] line = new String[3 + options.length];
    line[0] = "gateway";
    line[1] = "--dir";
    line[2] = directory.toString();
    System.arraycopy(options, 0, line, 3, options.length);
    gateway = Gateway.start(store, RunDirectory.open(directory), Options.parse(line), halted::set);
  }

  static Running unix() throws Exception {
    return new Running("--transport", "unix");
  }

  static Running tcp() throws Exception {
    return new Running("--transport", "tcp");
  }

  static Running with(String... options) throws Exception {
    return new Running(options);
  }

  Store store() {
    return store;
  }

  Gateway gateway() {
    return gateway;
  }

  Path directory() {
    return directory;
  }

  int halted() {
    return halted.get();
  }

  JsonNode discovery() throws IOException {
    return discovery(directory);
  }

  static JsonNode discovery(Path directory) throws IOException {
    return new ObjectMapper().readTree(directory.resolve("run/gateway.json").toFile());
  }

  /** A connection that has not said anything. */
  Peer connect() throws IOException {
    return connect(directory);
  }

  static Peer connect(Path directory) throws IOException {
    JsonNode told = discovery(directory);
    return told.get("transport").asText().equals("tcp")
        ? Peer.tcp(told.get("port").asInt())
        : Peer.unix(directory.resolve("run").resolve(told.get("socket").asText()));
  }

  /** A connection that speaks frames. */
  Peer frames() throws IOException {
    Peer peer = connect();
    JsonNode told = discovery();
    if (told.get("transport").asText().equals("tcp")) {
      peer.prove(told.get("token").asText(), told.get("instance").asText());
    }
    return peer.upgrade();
  }

  String nextId() {
    return "request-" + numbers.incrementAndGet();
  }

  /** A commit that creates a key without a base. */
  byte[] create(String key, String json) {
    String fields =
        "{\"writer\":\"w\",\"guards\":[[\"absent\",\"" + key + "\"]],\"writes\":[[\"put\",\"" + key + "\",\"application/json\"," + json.length()
            + ",false]],\"plain\":true}";
    return Ask.of(Op.COMMIT, fields).id(nextId()).with(json).frame();
  }

  @Override
  public void close() throws IOException {
    gateway.shutdown();
    delete(directory);
  }

  static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
