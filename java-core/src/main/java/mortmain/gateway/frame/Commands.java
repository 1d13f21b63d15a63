package mortmain.gateway.frame;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import mortmain.Store;
import mortmain.model.ClaimInfo;
import mortmain.model.ClaimRequest;
import mortmain.model.ErrorCode;
import mortmain.model.Event;
import mortmain.model.Grant;
import mortmain.model.Guard;
import mortmain.model.Key;
import mortmain.model.ReadOptions;
import mortmain.model.Reading;
import mortmain.model.ReclaimRequest;
import mortmain.model.Rejection;
import mortmain.model.Resolution;
import mortmain.model.Turn;

/** Every operation but COMMIT: decode, ask the store, encode. Safe for any number of threads. */
final class Commands {
  /** The versions of the protocol that this gateway speaks. */
  static final int PROTOCOL_MIN = 1;

  static final int PROTOCOL_MAX = 1;

  private static final int MAX_KEYS = 10_000;
  private static final int SCAN_DEFAULT = 1_000;
  private static final int MAX_NAME = 1024;
  private static final double NANOS = 1e9;

  private final Store store;
  private final Operations.Host host;
  private final Map<String, Exchange> claimants = new ConcurrentHashMap<>();

  Commands(Store store, Operations.Host host) {
    this.store = store;
    this.host = host;
  }

  void run(Request request, Exchange exchange) {
    Reply reply = exchange.reply();
    switch (request.op()) {
      case HELLO -> hello(request, reply);
      case READ -> read(request, reply);
      case RENEW -> renew(request, reply);
      case RELEASE -> release(request, reply);
      case RECLAIM -> reclaim(request, reply);
      case CHECK -> check(request, reply);
      case SCAN -> scan(request, reply);
      case RESOLVE -> resolve(request, reply);
      case CLAIMS -> claims(request, reply);
      case INFO -> reply.answer().any(host.info());
      case VERIFY -> reply.answer().any(store.verify());
      case TURN_END -> turnEnd(request, exchange);
      case PING, STOP -> empty(reply);
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
    Reading reading = store.read(Fields.need(keys, "keys"), options.toOptions());
    JsonWriter json = reply.answer().beginObject();
    Answers.reading(reply, json, reading);
    json.endObject();
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

  /** Sends by {@code send}; a grant that nobody received is given back at once. */
  void claim(Request request, Exchange exchange, Runnable send) {
    ClaimRequest asked = claimRequest(request);
    claimants.put(asked.claimId(), exchange);
    try {
      Grant grant = store.claim(asked);
      boolean present = asked.waitNanos() == 0 || exchange.peerPresent();
      if (present) {
        Reply reply = exchange.reply();
        JsonWriter json = reply.answer().beginObject();
        json.name("claim_id").text(grant.claim().claimId()).name("key").text(asked.key().toString());
        json.name("epoch").number(grant.claim().epoch()).name("ttl").number(grant.claim().ttlMillis() / 1e3);
        Answers.single(reply, json, grant.reading());
        json.endObject();
      } else {
        exchange.fail(Operations.unavailable("timeout", "the client is gone"));
      }
      send.run();
      // Unless it asked again on another connection: asking with the same id is the same claim.
      if ((!present || !exchange.delivered()) && claimants.get(asked.claimId()) == exchange) {
        giveBack(asked, grant);
      }
    } finally {
      claimants.remove(asked.claimId(), exchange);
    }
  }

  private void giveBack(ClaimRequest asked, Grant grant) {
    try {
      store.release(asked.key(), asked.claimId(), grant.claim().epoch());
    } catch (RuntimeException ended) {
      // released or reclaimed meanwhile; the answer was sent already, and its time ends the claim in any case
    }
  }

  private ClaimRequest claimRequest(Request request) {
    Key key = null;
    String claimId = null;
    String holder = null;
    String storeId = null;
    long ttl = -1;
    long wait = 0;
    try (Fields f = request.fields()) {
      for (String name = f.next(); name != null; name = f.next()) {
        switch (name) {
          case "key" -> key = f.key();
          case "claim_id" -> claimId = claimId(f);
          case "holder" -> holder = f.text(MAX_NAME);
          case "store" -> storeId = f.textOrNull();
          case "ttl" -> ttl = nanos(f) / 1_000_000;
          case "wait" -> wait = f.isNull() ? Long.MAX_VALUE : nanos(f);
          default -> { } // a newer client's
        }
      }
    }
    if (ttl < 0) {
      throw Fields.missing("ttl");
    }
    long deadline = request.deadlineNanos();
    Fields.need(key, "key");
    Fields.need(claimId, "claim_id");
    Fields.need(holder, "holder");
    return new ClaimRequest(key, claimId, holder, ttl, within(wait, deadline), storeId, deadline);
  }

  private static String claimId(Fields f) {
    String id = f.text();
    boolean hex = id.length() == 32;
    for (int i = 0; i < id.length() && hex; i++) {
      hex = Character.digit(id.charAt(i), 16) >= 0 && id.charAt(i) < 0x80;
    }
    if (!hex) {
      throw f.bad("expected 32 hex digits");
    }
    return id;
  }

  private static long nanos(Fields f) {
    double seconds = f.number();
    if (!(seconds >= 0)) {
      throw f.bad("a time is not negative");
    }
    return (long) Math.min(seconds * NANOS, Long.MAX_VALUE); // saturates
  }

  private long within(long wait, long deadline) {
    return wait == 0 || deadline == Long.MAX_VALUE ? wait : Math.max(0, Math.min(wait, deadline - store.now()));
  }

  private void renew(Request request, Reply reply) {
    ClaimFields claim = new ClaimFields(request);
    Duration remaining = store.renew(claim.key, claim.claimId, claim.epoch);
    reply.answer().beginObject().name("remaining").number(remaining.toNanos() / NANOS).endObject();
  }

  private void release(Request request, Reply reply) {
    ClaimFields claim = new ClaimFields(request);
    store.release(claim.key, claim.claimId, claim.epoch);
    empty(reply);
  }

  /** What RENEW and RELEASE name. */
  private static final class ClaimFields {
    private Key key;
    private String claimId;
    private long epoch = -1;

    ClaimFields(Request request) {
      try (Fields f = request.fields()) {
        for (String name = f.next(); name != null; name = f.next()) {
          switch (name) {
            case "key" -> key = f.key();
            case "claim_id" -> claimId = f.text(MAX_NAME);
            case "epoch" -> epoch = f.isNull() ? -1 : f.integer();
            default -> { } // a newer client's
          }
        }
      }
      Fields.need(key, "key");
      Fields.need(claimId, "claim_id");
    }
  }

  private void reclaim(Request request, Reply reply) {
    Key key = null;
    String prefix = null;
    String holder = null;
    String writer = null;
    String reason = null;
    try (Fields f = request.fields()) {
      for (String name = f.next(); name != null; name = f.next()) {
        switch (name) {
          case "key" -> key = f.isNull() ? null : f.key();
          case "prefix" -> prefix = f.isNull() ? null : Key.checkedPrefix(f.text());
          case "holder" -> holder = f.isNull() ? null : f.text(MAX_NAME);
          case "writer" -> writer = f.text(MAX_NAME);
          case "reason" -> reason = f.isNull() ? null : f.text(4 * MAX_NAME);
          default -> { } // a newer client's
        }
      }
    }
    if ((key == null ? 0 : 1) + (prefix == null ? 0 : 1) + (holder == null ? 0 : 1) != 1) {
      throw Rejection.invalid("key", "name exactly one of key, prefix and holder").exception();
    }
    Fields.need(request.requestId(), "request_id");
    Fields.need(writer, "writer");
    Event.Reclaimed done =
        store.reclaim(
            new ReclaimRequest(request.call(), key, prefix, holder, writer, reason));
    JsonWriter json = reply.answer().beginObject().name("revision").number(done.revision()).name("reclaimed").beginArray();
    for (Event.Taken taken : done.keys()) {
      json.beginArray().text(taken.key().toString()).number(taken.epoch()).text(taken.holder()).endArray();
    }
    json.endArray().endObject();
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
    empty(reply);
  }

  private void resolve(Request request, Reply reply) {
    String id = null;
    String writer = null;
    try (Fields f = request.fields()) {
      for (String name = f.next(); name != null; name = f.next()) {
        switch (name) {
          case "request_id" -> id = f.text(128);
          case "writer" -> writer = f.text(MAX_NAME);
          default -> { } // a newer client's
        }
      }
    }
    Resolution resolution = store.resolve(Fields.need(id, "request_id"), Fields.need(writer, "writer"));
    JsonWriter json = reply.answer().beginObject();
    json.name("outcome").text(resolution.receipt() == null ? "not_committed" : "committed");
    if (resolution.receipt() != null) {
      Answers.receipt(json, resolution.receipt());
    }
    json.endObject();
  }

  private void claims(Request request, Reply reply) {
    String prefix = "";
    try (Fields f = request.fields()) {
      for (String name = f.next(); name != null; name = f.next()) {
        if (name.equals("prefix") && !f.isNull()) {
          prefix = Key.checkedPrefix(f.text());
        }
      }
    }
    JsonWriter json = reply.answer().beginObject().name("claims").beginArray();
    for (ClaimInfo claim : store.claims(prefix)) {
      json.beginObject().name("key").text(claim.key().toString()).name("holder").text(claim.holder());
      json.name("epoch").number(claim.epoch()).name("ttl").number(claim.ttlMillis() / 1e3);
      json.name("remaining").number(claim.remainingMillis() / 1e3).name("since").number(claim.since()).endObject();
    }
    json.endArray().endObject();
  }

  void turn(Request request, Exchange exchange) {
    Key key = null;
    long wait = 0;
    try (Fields f = request.fields()) {
      for (String name = f.next(); name != null; name = f.next()) {
        switch (name) {
          case "key" -> key = f.key();
          case "wait" -> wait = f.isNull() ? Long.MAX_VALUE : nanos(f);
          default -> { } // a newer client's
        }
      }
    }
    long deadline = request.deadlineNanos();
    Turn turn = store.turn(Fields.need(key, "key"), within(wait, deadline), deadline);
    exchange.session().took(turn.id());
    Reply reply = exchange.reply();
    JsonWriter json = reply.answer().beginObject().name("turn").number(turn.id());
    Answers.single(reply, json, turn.reading());
    json.endObject();
  }

  private void turnEnd(Request request, Exchange exchange) {
    long turn = 0;
    try (Fields f = request.fields()) {
      for (String name = f.next(); name != null; name = f.next()) {
        if (name.equals("turn")) {
          turn = f.integer();
        }
      }
    }
    exchange.session().ended(turn);
    store.endTurn(turn);
    empty(exchange.reply());
  }

  private static void empty(Reply reply) {
    reply.answer().beginObject().endObject();
  }
}
