package mortmain.gateway.frame;

import java.time.Duration;
import mortmain.Store;
import mortmain.model.Retain;

/** Settings and compaction: decode, ask the store, encode. Safe for any number of threads. */
final class SettingCommands {
  private static final int MAX_NAME = 1024;
  /** A client that waits for more asks again: so it may be slow, and so may the disk. */
  private static final Duration ROUND = Duration.ofSeconds(5);

  private final Store store;

  SettingCommands(Store store) {
    this.store = store;
  }

  void retain(Request request, Reply reply) {
    String prefix = null;
    long versions = 0;
    long seconds = 0;
    String writer = null;
    try (Fields f = request.fields()) {
      for (String name = f.next(); name != null; name = f.next()) {
        switch (name) {
          case "prefix" -> prefix = f.text();
          case "versions" -> versions = f.isNull() ? 0 : f.integer();
          case "seconds" -> seconds = f.isNull() ? 0 : f.integer();
          case "writer" -> writer = f.text(MAX_NAME);
          default -> { } // a newer client's
        }
      }
    }
    store.retain(new Retain(Fields.need(prefix, "prefix"), versions, seconds, Fields.need(writer, "writer")));
    reply.answer().any(store.settings());
  }

  /** Without a name it only says what holds. */
  void configure(Request request, Reply reply) {
    String setting = null;
    long value = -1;
    String writer = null;
    try (Fields f = request.fields()) {
      for (String name = f.next(); name != null; name = f.next()) {
        switch (name) {
          case "name" -> setting = f.textOrNull();
          case "value" -> value = f.isNull() ? -1 : f.integer();
          case "writer" -> writer = f.text(MAX_NAME);
          default -> { } // a newer client's
        }
      }
    }
    if (setting != null) {
      store.configure(setting, value, Fields.need(writer, "writer"));
    }
    reply.answer().any(store.settings());
  }

  void compact(Request request, Reply reply) {
    try (Fields f = request.fields()) {
      while (f.next() != null) {
        f.skip(); // nothing to say so far
      }
    }
    reply.answer().any(store.compact(ROUND));
  }
}
