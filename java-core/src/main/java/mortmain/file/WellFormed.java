package mortmain.file;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Optional;
import mortmain.model.Commit;
import mortmain.model.Guard;
import mortmain.model.Item;
import mortmain.model.Key;
import mortmain.model.Rejection;
import mortmain.model.Value;
import mortmain.model.Write;
import mortmain.value.Json;

/** What no state can make right about the values of a commit: everything that is kept as JSON is JSON. */
final class WellFormed {
  private static final int CONTENT_TYPE = 128;

  private WellFormed() {}

  static Optional<Rejection> problem(Commit commit) {
    String problem = null;
    Key key = null;
    for (Guard guard : commit.guards()) {
      if (problem == null && guard instanceof Guard.FieldsAre fields) {
        problem = object(fields.fields().bytes());
        key = fields.key();
      }
    }
    for (Write write : commit.writes()) {
      if (problem == null && write instanceof Write.OnKey onKey) {
        problem = problem(onKey);
        key = onKey.key();
      }
    }
    return problem == null ? Optional.empty() : Optional.of(Rejection.invalid("value", problem + ", for " + key));
  }

  private static String problem(Write.OnKey write) {
    if (write instanceof Write.Put put) {
      return value(put.value());
    } else if (write instanceof Write.Ensure ensure) {
      return value(ensure.value());
    } else if (write instanceof Write.AddToSet add) {
      return json(add.member().json());
    } else if (write instanceof Write.Merge merge) {
      return object(merge.patch().bytes());
    } else if (write instanceof Write.Reduce reduce) {
      return value(reduce.reduced() == null || reduce.reduced().value() == null ? reduce.argument() : reduce.reduced().value());
    } else if (write instanceof Write.Increment increment) {
      return number(increment.by());
    } else if (write instanceof Write.Append append) {
      for (Item item : append.items()) {
        String problem = item.id() != null && (item.id().isEmpty() || item.id().length() > 256) ? "an item id of 1 to 256 characters is needed" : json(item.json());
        if (problem != null) {
          return problem;
        }
      }
    }
    return null;
  }

  private static String value(Value value) {
    if (value.contentType().isEmpty() || value.contentType().length() > CONTENT_TYPE) {
      return "a content type has 1 to " + CONTENT_TYPE + " characters";
    }
    return value.isJson() ? json(value.bytes()) : null;
  }

  private static String json(byte[] bytes) {
    String problem = Json.problem(bytes);
    return problem == null ? null : "not JSON: " + problem;
  }

  private static String object(byte[] bytes) {
    String problem = json(bytes);
    return problem != null || Json.shape(bytes) == Json.Shape.OBJECT ? problem : "a patch is a JSON object";
  }

  private static String number(String text) {
    byte[] bytes = text.getBytes(UTF_8);
    String problem = json(bytes);
    return problem != null || Json.shape(bytes) == Json.Shape.NUMBER ? problem : "an increment is a JSON number";
  }
}
