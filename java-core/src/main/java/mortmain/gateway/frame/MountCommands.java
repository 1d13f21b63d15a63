package mortmain.gateway.frame;

import java.util.Locale;
import java.util.Map;
import mortmain.Store;
import mortmain.model.Key;
import mortmain.model.Mount;
import mortmain.model.Rejection;

/** Mirrored files: decode, ask the store, encode. Safe for any number of threads. */
final class MountCommands {
  private static final int MAX_NAME = 1024;
  private static final int MAX_PATH = 4096;

  private final Store store;

  MountCommands(Store store) {
    this.store = store;
  }

  void mount(Request request, Reply reply) {
    String prefix = null;
    String directory = null;
    String writer = null;
    boolean sync = true;
    boolean adopt = false;
    try (Fields f = request.fields()) {
      for (String name = f.next(); name != null; name = f.next()) {
        switch (name) {
          case "prefix" -> prefix = f.text();
          case "directory" -> directory = f.text(MAX_PATH);
          case "writer" -> writer = f.text(MAX_NAME);
          case "sync" -> sync = f.bool();
          case "foreign" -> adopt = adopts(f.text());
          default -> { } // a newer client's
        }
      }
    }
    Mount mount = new Mount(Key.checkedPrefix(Fields.need(prefix, "prefix")), Fields.need(directory, "directory"), sync, adopt);
    reply.answer().any(store.mirrored().mount(mount, Fields.need(writer, "writer")));
  }

  private static boolean adopts(String policy) {
    return switch (policy.toLowerCase(Locale.ROOT)) {
      case "adopt" -> true;
      case "raise" -> false;
      default -> throw Rejection.invalid("foreign", "either raise or adopt").exception();
    };
  }

  void unmount(Request request, Reply reply) {
    String prefix = null;
    String writer = null;
    try (Fields f = request.fields()) {
      for (String name = f.next(); name != null; name = f.next()) {
        switch (name) {
          case "prefix" -> prefix = f.text();
          case "writer" -> writer = f.text(MAX_NAME);
          default -> { } // a newer client's
        }
      }
    }
    store.mirrored().unmount(Fields.need(prefix, "prefix"), Fields.need(writer, "writer"));
    Answers.empty(reply);
  }

  void adopt(Request request, Reply reply) {
    Key key = null;
    String writer = null;
    Map<String, String> meta = Map.of();
    try (Fields f = request.fields()) {
      for (String name = f.next(); name != null; name = f.next()) {
        switch (name) {
          case "key" -> key = f.key();
          case "meta" -> meta = f.texts(store.limits().metaPairs());
          case "writer" -> writer = f.text(MAX_NAME);
          default -> { } // a newer client's
        }
      }
    }
    JsonWriter json = reply.answer().beginObject();
    Answers.receipt(json, store.mirrored().adopt(request.call(), Fields.need(key, "key"), Fields.need(writer, "writer"), meta));
    json.endObject();
  }
}
