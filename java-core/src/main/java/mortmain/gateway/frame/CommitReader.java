package mortmain.gateway.frame;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import mortmain.model.Commit;
import mortmain.model.ErrorCode;
import mortmain.model.Guard;
import mortmain.model.Item;
import mortmain.model.Key;
import mortmain.model.Limits;
import mortmain.model.Rejection;
import mortmain.model.Ticket;
import mortmain.model.Value;
import mortmain.model.Write;

/**
 * Reads guards and writes. Their bytes lie in the payload, guards before writes, so both are read first and the payload is cut
 * afterwards, whatever the order of the JSON fields. One thread; one request.
 */
final class CommitReader {
  private static final int MAX_CONDITIONS = 20_000;
  private static final int MAX_ITEMS = 200_000;
  private static final int MAX_NAME = 1024;

  private final Request request;
  private final Limits limits;
  private int cut;
  private int items;

  private String writer;
  private Map<String, String> meta = Map.of();
  private List<Later<Guard>> guards = List.of();
  private List<Later<Write>> writes = List.of();
  private String store;
  private long baseRevision;
  private boolean plain = true;
  private long turn;

  CommitReader(Request request, Limits limits) {
    this.request = request;
    this.limits = limits;
    this.cut = request.fieldsEnd();
  }

  /** Something that still waits for its bytes. */
  private interface Later<T> {
    T cut(CommitReader payload);
  }

  /**
   * The commit of a request.
   *
   * @throws mortmain.model.MortmainException INVALID or TOO_LARGE
   */
  Commit read() {
    if (request.hasBriefFields()) {
      return BriefCommit.read(request);
    }
    try (Fields fields = request.fields()) {
      for (String name = fields.next(); name != null; name = fields.next()) {
        field(name, fields);
      }
    }
    Fields.need(writer, "writer");
    Fields.need(request.requestId(), "request_id");
    List<Guard> allGuards = cutAll(guards);
    List<Write> allWrites = cutAll(writes);
    noRest();
    return new Commit(
        request.call(), writer, meta, allGuards, allWrites, store, baseRevision, plain, turn);
  }

  private void field(String name, Fields fields) {
    switch (name) {
      case "writer" -> writer = fields.text(MAX_NAME);
      case "meta" -> meta = fields.texts(limits.metaPairs());
      case "guards" -> guards = readGuards(fields);
      case "writes" -> writes = readWrites(fields);
      case "store" -> store = fields.textOrNull();
      case "base_revision" -> baseRevision = fields.isNull() ? 0 : fields.integer();
      case "plain" -> plain = fields.bool();
      case "turn" -> turn = fields.isNull() ? 0 : fields.integer();
      default -> { } // a newer client's
    }
  }

  /** What CHECK carries: guards only. */
  List<Guard> readCheck(Fields fields) {
    guards = readGuards(fields);
    return List.of();
  }

  /** The guards of a CHECK, with their payload; nothing may be left over. */
  List<Guard> cutGuards() {
    List<Guard> all = cutAll(guards);
    noRest();
    return all;
  }

  private List<Later<Guard>> readGuards(Fields fields) {
    List<Later<Guard>> read = new ArrayList<>();
    for (boolean more = fields.array() && fields.element(); more; more = fields.element()) {
      if (read.size() == MAX_CONDITIONS || !fields.array()) {
        throw fields.bad("expected at most " + MAX_CONDITIONS + " lists");
      }
      read.add(guard(fields));
      fields.leave();
    }
    return read;
  }

  private static Later<Guard> guard(Fields f) {
    String kind = f.must().text();
    return switch (kind) {
      case "version" -> ready(new Guard.VersionIs(f.must().key(), f.must().integer(), f.must().integer()));
      case "epoch" -> ready(new Guard.EpochIs(f.must().key(), f.must().integer()));
      case "holds" -> ready(new Guard.Holds(f.must().key(), f.must().text(MAX_NAME)));
      case "absent" -> ready(new Guard.Absent(f.must().key()));
      case "unchanged" -> ready(new Guard.UnchangedSince(Key.checkedPrefix(f.must().text()), f.must().integer()));
      case "follows" -> {
        Key key = f.must().key();
        String id = f.must().text(MAX_NAME);
        yield ready(new Guard.Follows(key, new Ticket(id, f.must().integer(), f.must().integer(), f.must().integer())));
      }
      case "fields" -> {
        Key key = f.must().key();
        long version = f.must().integer();
        long tag = f.must().integer();
        int length = length(f.must());
        yield payload -> new Guard.FieldsAre(key, version, tag, Value.json(payload.next(length)));
      }
      default -> throw f.bad("unknown guard \"" + shown(kind) + "\"");
    };
  }

  private List<Later<Write>> readWrites(Fields fields) {
    List<Later<Write>> read = new ArrayList<>();
    for (boolean more = fields.array() && fields.element(); more; more = fields.element()) {
      if (read.size() == MAX_CONDITIONS || !fields.array()) {
        throw fields.bad("expected at most " + MAX_CONDITIONS + " lists");
      }
      read.add(write(fields));
      fields.leave();
    }
    return read;
  }

  private Later<Write> write(Fields f) {
    String kind = f.must().text();
    return switch (kind) {
      case "put" -> {
        Key key = f.must().key();
        String type = f.must().text(MAX_NAME);
        int length = length(f.must());
        boolean overwrite = f.must().bool();
        yield payload -> new Write.Put(key, new Value(type, payload.next(length)), overwrite);
      }
      case "delete" -> ready(new Write.Delete(f.must().key(), f.must().bool()));
      case "ensure" -> {
        Key key = f.must().key();
        String type = f.must().text(MAX_NAME);
        int length = length(f.must());
        yield payload -> new Write.Ensure(key, new Value(type, payload.next(length)));
      }
      case "delete_prefix" -> ready(new Write.DeletePrefix(Key.checkedPrefix(f.must().text())));
      case "append" -> append(f);
      case "increment" -> ready(new Write.Increment(f.must().key(), f.must().text(MAX_NAME)));
      case "add_to_set" -> {
        Key key = f.must().key();
        int length = length(f.must());
        yield payload -> new Write.AddToSet(key, new Item(payload.next(length), null));
      }
      case "reduce" -> {
        Key key = f.must().key();
        String function = f.must().text(MAX_NAME);
        int length = length(f.must());
        yield payload -> new Write.Reduce(key, function, Value.json(payload.next(length)), null);
      }
      case "merge" -> {
        Key key = f.must().key();
        int length = length(f.must());
        yield payload -> new Write.Merge(key, Value.json(payload.next(length)));
      }
      default -> throw f.bad("unknown write \"" + shown(kind) + "\"");
    };
  }

  private Later<Write> append(Fields f) {
    Key key = f.must().key();
    int[] lengths = lengths(f.must());
    String[] ids = ids(f.must(), lengths.length);
    return payload -> {
      List<Item> list = new ArrayList<>(lengths.length);
      for (int i = 0; i < lengths.length; i++) {
        list.add(new Item(payload.next(lengths[i]), ids == null ? null : ids[i]));
      }
      return new Write.Append(key, List.copyOf(list));
    };
  }

  private int[] lengths(Fields f) {
    if (!f.array()) {
      throw f.bad("expected a list of lengths");
    }
    int[] lengths = new int[4];
    int count = 0;
    while (f.element()) {
      if (++items > MAX_ITEMS) {
        throw Rejection.of(
                ErrorCode.TOO_LARGE,
                "a commit appends at most " + MAX_ITEMS + " items: make several commits",
                Map.of("size", items, "limit", MAX_ITEMS))
            .exception();
      }
      if (count == lengths.length) {
        lengths = Arrays.copyOf(lengths, 2 * count);
      }
      lengths[count++] = length(f);
    }
    return Arrays.copyOf(lengths, count);
  }

  private static String[] ids(Fields f, int count) {
    if (!f.array()) {
      return null;
    }
    String[] ids = new String[count];
    int read = 0;
    while (f.element()) {
      if (read == count) {
        throw f.bad("more ids than items");
      }
      ids[read++] = f.isNull() ? null : f.text(MAX_NAME);
    }
    if (read != count) {
      throw f.bad("fewer ids than items");
    }
    return ids;
  }

  private static int length(Fields f) {
    return f.count(Integer.MAX_VALUE);
  }

  private byte[] next(int length) {
    if (length > request.payloadEnd() - cut) {
      throw Rejection.invalid("payload", "shorter than the lengths in the fields").exception();
    }
    byte[] bytes = Arrays.copyOfRange(request.frame(), cut, cut + length);
    cut += length;
    return bytes;
  }

  private void noRest() {
    if (cut != request.payloadEnd()) {
      throw Rejection.invalid("payload", "longer than the lengths in the fields").exception();
    }
  }

  private <T> List<T> cutAll(List<Later<T>> later) {
    if (later.isEmpty()) {
      return List.of();
    }
    List<T> cutList = new ArrayList<>(later.size());
    for (Later<T> one : later) {
      cutList.add(one.cut(this));
    }
    return cutList;
  }

  private static <T> Later<T> ready(T value) {
    return payload -> value;
  }

  private static String shown(String text) {
    return text.length() > 40 ? text.substring(0, 40) : text;
  }
}
