package mortmain.gateway.frame;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import mortmain.Store;
import mortmain.model.Contention;
import mortmain.model.HistoryRequest;
import mortmain.model.Key;
import mortmain.model.KeyEvent;
import mortmain.model.KeyEvents;
import mortmain.model.WatchRequest;

/** History and watch: decode, ask the store, encode. Safe for any number of threads. */
final class LookCommands {
  private static final int MOST = 10_000;
  private static final int HISTORY_DEFAULT = 20;
  private static final int WATCH_DEFAULT = 1_000;
  private static final double NANOS = 1e9;
  /** Seconds; a longer wait is asked for again, so that a client that is gone does not keep a thread. */
  private static final double LONGEST_WAIT = 60;

  private final Store store;

  LookCommands(Store store) {
    this.store = store;
  }

  void history(Request request, Reply reply) {
    Key key = null;
    long before = 0;
    int limit = HISTORY_DEFAULT;
    boolean values = false;
    try (Fields f = request.fields()) {
      for (String name = f.next(); name != null; name = f.next()) {
        switch (name) {
          case "key" -> key = f.key();
          case "before" -> before = f.isNull() ? 0 : f.integer();
          case "limit" -> limit = f.isNull() ? HISTORY_DEFAULT : f.count(MOST);
          case "values" -> values = f.bool();
          default -> { } // a newer client's
        }
      }
    }
    write(reply, store.history(new HistoryRequest(Fields.need(key, "key"), before, limit, values)));
  }

  void watch(Request request, Reply reply) {
    String prefix = "";
    String storeId = null;
    long after = -1;
    int limit = WATCH_DEFAULT;
    boolean values = false;
    double wait = 0;
    try (Fields f = request.fields()) {
      for (String name = f.next(); name != null; name = f.next()) {
        switch (name) {
          case "prefix" -> prefix = Key.checkedPrefix(f.text());
          case "store" -> storeId = f.textOrNull();
          case "after" -> after = f.isNull() ? -1 : revision(f);
          case "limit" -> limit = f.isNull() ? WATCH_DEFAULT : Math.max(1, f.count(MOST));
          case "values" -> values = f.bool();
          case "wait" -> wait = seconds(f);
          default -> { } // a newer client's
        }
      }
    }
    long deadline = request.deadlineNanos();
    long nanos = (long) (Math.min(wait, LONGEST_WAIT) * NANOS);
    long left = deadline == Long.MAX_VALUE ? nanos : Math.max(0, Math.min(nanos, deadline - store.now()));
    write(reply, store.watch(new WatchRequest(prefix, after, limit, values, left, storeId)));
  }

  void contention(Request request, Reply reply) {
    double window = 60;
    double within = 0.1;
    try (Fields f = request.fields()) {
      for (String name = f.next(); name != null; name = f.next()) {
        switch (name) {
          case "window" -> window = seconds(f);
          case "within" -> within = seconds(f);
          default -> { } // a newer client's
        }
      }
    }
    JsonWriter json = reply.answer().beginObject().name("keys").beginArray();
    List<Contention> found = store.contention(duration(window), duration(within));
    for (Contention one : found.subList(0, Math.min(MOST, found.size()))) {
      json.beginObject().name("key").text(one.key().toString());
      json.name("writers").any(one.writers()).name("rejected").any(one.rejected());
      json.name("conflicts").beginObject();
      one.conflicts().forEach((code, count) -> json.name(code.name()).number(count));
      json.endObject().name("overwrites").number(one.overwrites());
      if (one.last() != null) {
        lost(json.name("last").beginObject(), one.last());
      }
      json.endObject();
    }
    json.endArray().endObject();
  }

  private static Duration duration(double seconds) {
    return Duration.ofNanos((long) Math.min(seconds * NANOS, 1e18));
  }

  private static void lost(JsonWriter json, Contention.Lost last) {
    json.name("agent").text(last.agent()).name("code").text(last.code().name()).name("ago").number(last.ago() / NANOS);
    if (last.base() != null) {
      json.name("base").number(last.base());
    }
    optional(json, "winner", last.winner());
    json.endObject();
  }

  private static long revision(Fields f) {
    long revision = f.integer();
    if (revision < 0) {
      throw f.bad("a revision is not negative");
    }
    return revision;
  }

  private static double seconds(Fields f) {
    double seconds = f.number();
    if (!(seconds >= 0)) {
      throw f.bad("a time is not negative");
    }
    return seconds;
  }

  private static void write(Reply reply, KeyEvents found) {
    JsonWriter json = reply.answer().beginObject();
    json.name("store_id").text(found.storeId());
    json.name("read_revision").number(found.revision());
    json.name("events").beginArray();
    List<KeyEvent> events = found.events();
    for (int i = 0; i < events.size(); i++) {
      event(reply, json, events.get(i));
    }
    json.endArray().name("more").bool(found.more()).endObject();
  }

  private static void event(Reply reply, JsonWriter json, KeyEvent event) {
    json.beginObject();
    json.name("kind").text(event.kind().name().toLowerCase(Locale.ROOT));
    json.name("key").text(event.key() == null ? event.prefix() : event.key().toString());
    json.name("version").number(event.version());
    json.name("epoch").number(event.epoch());
    json.name("revision").number(event.revision());
    json.name("writer").text(event.writer());
    json.name("committed_at").number(event.at());
    json.name("size").number(event.size());
    optional(json, "request_id", event.requestId());
    optional(json, "type", event.contentType());
    optional(json, "holder", event.holder());
    optional(json, "reason", event.reason());
    if (event.meta() != null && !event.meta().isEmpty()) {
      json.name("meta").any(event.meta());
    }
    if (event.before() >= 0) {
      json.name("before").number(event.before());
    }
    if (event.overwrite()) {
      json.name("overwrite").bool(true);
    }
    if (event.value() != null) {
      json.name("len").number(event.value().bytes().length);
      reply.add(event.value().bytes());
    }
    json.endObject();
  }

  private static void optional(JsonWriter json, String name, String text) {
    if (text != null) {
      json.name(name).text(text);
    }
  }
}
