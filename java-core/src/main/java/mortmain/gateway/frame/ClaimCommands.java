package mortmain.gateway.frame;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import mortmain.Store;
import mortmain.model.ClaimInfo;
import mortmain.model.ClaimRequest;
import mortmain.model.Event;
import mortmain.model.Grant;
import mortmain.model.Key;
import mortmain.model.MortmainException;
import mortmain.model.Outcome;
import mortmain.model.ReclaimRequest;
import mortmain.model.Rejection;
import mortmain.model.Turn;

/** The operations about who may write: claims, reclamations, turns. Safe for any number of threads. */
final class ClaimCommands {
  private static final int MAX_NAME = 1024;
  private static final double NANOS = 1e9;

  private final Store store;
  private final Map<String, Exchange> claimants = new ConcurrentHashMap<>();

  ClaimCommands(Store store) {
    this.store = store;
  }

  /** Sends by {@code send}; a grant that nobody received is given back at once. */
  void claim(Request request, Exchange exchange, Runnable send) {
    ClaimRequest asked = claimRequest(request);
    claimants.put(asked.claimId(), exchange);
    try {
      Grant grant = store.claim(asked, exchange::peerPresent);
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
    return new ClaimRequest(key, claimId, holder, ttl, within(wait, deadline), storeId, deadline, request.since());
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

  void renew(Request request, Reply reply) {
    ClaimFields claim = new ClaimFields(request);
    Duration remaining = store.renew(claim.key, claim.claimId, claim.epoch);
    reply.answer().beginObject().name("remaining").number(remaining.toNanos() / NANOS).endObject();
  }

  void release(Request request, Reply reply) {
    ClaimFields claim = new ClaimFields(request);
    store.release(claim.key, claim.claimId, claim.epoch);
    Answers.empty(reply);
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

  void reclaim(Request request, Reply reply) {
    Key key = null;
    String prefix = null;
    String holder = null;
    String writer = null;
    String reason = null;
    String storeId = null;
    try (Fields f = request.fields()) {
      for (String name = f.next(); name != null; name = f.next()) {
        switch (name) {
          case "key" -> key = f.isNull() ? null : f.key();
          case "prefix" -> prefix = f.isNull() ? null : Key.checkedPrefix(f.text());
          case "holder" -> holder = f.isNull() ? null : f.text(MAX_NAME);
          case "writer" -> writer = f.text(MAX_NAME);
          case "store" -> storeId = f.textOrNull();
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
            new ReclaimRequest(request.call(), key, prefix, holder, writer, reason, storeId));
    JsonWriter json = reply.answer().beginObject().name("revision").number(done.revision()).name("reclaimed").beginArray();
    for (Event.Taken taken : done.keys()) {
      json.beginArray().text(taken.key().toString()).number(taken.epoch()).text(taken.holder()).endArray();
    }
    json.endArray().endObject();
  }

  void claims(Request request, Reply reply) {
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

  /** Sends by {@code send}, on this thread or on the one that ends the turn before. */
  void turn(Request request, Exchange exchange, Consumer<MortmainException> send) {
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
    boolean brief = request.isBrief();
    store.turn(Fields.need(key, "key"), within(wait, deadline), deadline, new Outcome<>() {
      @Override
      public void answer(Turn turn) {
        exchange.session().took(turn.id());
        Answers.turn(exchange.reply(), turn, brief);
        send.accept(null);
      }

      @Override
      public void reject(MortmainException rejection) {
        send.accept(rejection);
      }
    });
  }

  void turnEnd(Request request, Exchange exchange) {
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
    Answers.empty(exchange.reply());
  }
}
