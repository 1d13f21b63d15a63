package mortmain.gateway.frame;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import mortmain.Store;
import mortmain.model.ErrorCode;
import mortmain.model.Guard;
import mortmain.model.Key;
import mortmain.model.ReadOptions;
import mortmain.model.Reading;
import mortmain.model.Rejection;
import mortmain.model.Resolution;

/** Reads, questions and the rest: decode, ask the store, encode. Safe for any number of threads. */
final class Commands {
  /** The versions of the protocol that this gateway speaks. */
  static final int PROTOCOL_MIN = 1;

  static final int PROTOCOL_MAX = 1;

  private static final int MAX_KEYS = 10_000;
  private static final int SCAN_DEFAULT = 1_000;
  private static final int MAX_NAME = 1024;
  /** A READ of so much is answered between others; one of more gets a thread of its own. */
  private static final long SHORT_BYTES = 32 << 10;

  private static final int SHORT_KEYS = 64;

  private final Store store;
  private final Operations.Host host;
  private final ClaimCommands claiming;
  private final LookCommands looking;
  private final SettingCommands settings;
  private final BackupCommand backing;
  private final MountCommands mounting;

  Commands(Store store, Operations.Host host) {
    this.store = store;
    this.host = host;
    this.claiming = new ClaimCommands(store);
    this.looking = new LookCommands(store);
    this.settings = new SettingCommands(store);
    this.backing = new BackupCommand(store);
    this.mounting = new MountCommands(store);
  }

  ClaimCommands claiming() {
    return claiming;
  }

  LookCommands looking() {
    return looking;
  }

  BackupCommand backing() {
    return backing;
  }

  /** Whether answering may take longer than others should wait for: it reads much, looks at everything or waits for something. */
  boolean isLong(byte[] frame, int at, int length) {
    Op op = length < 2 ? null : Op.of(Byte.toUnsignedInt(frame[at + 1]));
    if (op == null) {
      return false;
    }
    return switch (op) {
      case COMMIT, PING, TURN, TURN_END, RENEW, RELEASE, CHECK, HELLO -> false;
      case READ -> isLong(Request.of(frame, at, length));
      default -> true;
    };
  }

  private boolean isLong(Request read) {
    boolean past = false;
    List<Key> keys = List.of();
    try (Fields f = read.fields()) {
      for (String name = f.next(); name != null; name = f.next()) {
        switch (name) {
          case "keys" -> keys = keys(f);
          case "at", "version" -> past = !f.isNull();
          default -> { }
        }
      }
    }
    return past || keys.size() > SHORT_KEYS || store.bytes(keys) > SHORT_BYTES;
  }

  void run(Request request, Exchange exchange) {
    Reply reply = exchange.reply();
    switch (request.op()) {
      case HELLO -> hello(request, reply);
      case READ -> read(request, reply);
      case RENEW -> claiming.renew(request, reply);
      case RELEASE -> claiming.release(request, reply);
      case RECLAIM -> claiming.reclaim(request, reply);
      case CHECK -> check(request, reply);
      case SCAN -> scan(request, reply);
      case HISTORY -> looking.history(request, reply);
      case CONTENTION -> looking.contention(request, reply);
      case RESOLVE -> resolve(request, reply);
      case MOUNT -> mounting.mount(request, reply);
      case UNMOUNT -> mounting.unmount(request, reply);
      case ADOPT -> mounting.adopt(request, reply);
      case CLAIMS -> claiming.claims(request, reply);
      case INFO -> reply.answer().any(host.info());
      case RETAIN -> settings.retain(request, reply);
      case CONFIGURE -> settings.configure(request, reply);
      case COMPACT -> settings.compact(request, reply);
      case TURN_END -> claiming.turnEnd(request, exchange);
      case PING -> {
        Answers.empty(reply);
        reply.add(request.payload());
      }
      case STOP -> {
        host.admitStop();
        Answers.empty(reply);
      }
      default -> throw new IllegalArgumentException(request.op().label());
    }
  }

  void stop() {
    host.stop();
  }

  private void hello(Request request, Reply reply) {
    long min = -1;
    long max = -1;
    try (Fields f = request.fields()) {
      for (String name = f.next(); name != null; name = f.next()) {
        switch (name) {
          case "min" -> min = f.integer();
          case "max" -> max = f.integer();
          default -> { } // a newer client's
        }
      }
    }
    if (min > PROTOCOL_MAX || max < PROTOCOL_MIN) {
      throw Rejection.of(
              ErrorCode.UNAVAILABLE,
              "no common protocol: the client speaks " + min + " to " + max + ", the gateway " + PROTOCOL_MIN + " to " + PROTOCOL_MAX,
              Map.of("reason", "protocol", "min", PROTOCOL_MIN, "max", PROTOCOL_MAX))
          .exception();
    }
    JsonWriter json = reply.answer().beginObject();
    json.name("protocol").number(Math.min(max, PROTOCOL_MAX));
    for (Map.Entry<String, Object> field : host.greeting().entrySet()) {
      json.name(field.getKey()).any(field.getValue());
    }
    json.name("store_id").text(store.storeId());
    json.name("clock").number(store.now() / 1e6);
    json.endObject();
  }

  private void read(Request request, Reply reply) {
    List<Key> keys = null;
    ReadFields options = new ReadFields();
    try (Fields f = request.fields()) {
      for (String name = f.next(); name != null; name = f.next()) {
        if (name.equals("keys")) {
          keys = keys(f);
        } else {
          options.field(name, f);
        }
      }
    }
    Reading reading = read(Fields.need(keys, "keys"), options);
    JsonWriter json = reply.answer().beginObject();
    Answers.reading(reply, json, reading);
    json.endObject();
  }

  private Reading read(List<Key> keys, ReadFields options) {
    if (options.version < 0) {
      return store.read(keys, options.toOptions());
    }
    if (keys.size() != 1 || options.at >= 0 || options.turn) {
      throw Rejection.invalid("version", "a version is one of one key, and not at a revision").exception();
    }
    return store.readVersion(keys.get(0), options.version, options.toOptions());
  }

  private static List<Key> keys(Fields f) {
    if (!f.array()) {
      throw f.bad("expected a list of keys");
    }
    List<Key> keys = new ArrayList<>(4);
    while (f.element()) {
      if (keys.size() == MAX_KEYS) {
        throw f.bad("more than " + MAX_KEYS + " keys at once");
      }
      keys.add(f.key());
    }
    return keys;
  }

  private void scan(Request request, Reply reply) {
    String prefix = null;
    Key after = null;
    int limit = SCAN_DEFAULT;
    ReadFields options = new ReadFields();
    try (Fields f = request.fields()) {
      for (String name = f.next(); name != null; name = f.next()) {
        switch (name) {
          case "prefix" -> prefix = Key.checkedPrefix(f.text());
          case "after" -> after = f.isNull() ? null : f.key();
          case "limit" -> limit = f.isNull() ? SCAN_DEFAULT : f.count(MAX_KEYS);
          default -> options.field(name, f);
        }
      }
    }
    Reading reading = store.scan(Fields.need(prefix, "prefix"), after, limit, options.toOptions());
    JsonWriter json = reply.answer().beginObject();
    Answers.reading(reply, json, reading);
    json.name("more").bool(reading.more()).endObject();
  }

  /** The options that READ and SCAN share. */
  private static final class ReadFields {
    private long at = -1;
    private long version = -1;
    private int last = -1;
    private boolean values = true;
    private boolean turn;

    void field(String name, Fields f) {
      if (f.isNull()) {
        return;
      }
      switch (name) {
        case "at" -> {
          at = f.integer();
          if (at < 0) {
            throw f.bad("a revision is not negative");
          }
        }
        case "version" -> {
          version = f.integer();
          if (version < 0) {
            throw f.bad("a version is not negative");
          }
        }
        case "last" -> last = f.count(Integer.MAX_VALUE);
        case "values" -> values = f.bool();
        case "turn" -> turn = f.bool();
        default -> { } // a newer client's
      }
    }

    ReadOptions toOptions() {
      return new ReadOptions(at, last, values, turn);
    }
  }

  private void check(Request request, Reply reply) {
    CommitReader reader = new CommitReader(request, store.limits());
    String storeId = null;
    long baseRevision = 0;
    try (Fields f = request.fields()) {
      for (String name = f.next(); name != null; name = f.next()) {
        switch (name) {
          case "guards" -> reader.readCheck(f);
          case "store" -> storeId = f.textOrNull();
          case "base_revision" -> baseRevision = f.isNull() ? 0 : f.integer();
          default -> { } // a newer client's
        }
      }
    }
    List<Guard> guards = reader.cutGuards();
    store.check(guards, storeId, baseRevision);
    Answers.empty(reply);
  }

  private void resolve(Request request, Reply reply) {
    String id = null;
    String writer = null;
    String storeId = null;
    try (Fields f = request.fields()) {
      for (String name = f.next(); name != null; name = f.next()) {
        switch (name) {
          case "store" -> storeId = f.textOrNull();
          case "request_id" -> id = f.text(128);
          case "writer" -> writer = f.text(MAX_NAME);
          default -> { } // a newer client's
        }
      }
    }
    Resolution resolution = store.resolve(Fields.need(id, "request_id"), Fields.need(writer, "writer"), request.since(), storeId);
    JsonWriter json = reply.answer().beginObject();
    json.name("outcome").text(resolution.receipt() == null ? "not_committed" : "committed");
    if (resolution.receipt() != null) {
      Answers.receipt(json, resolution.receipt());
    }
    json.endObject();
  }
}
