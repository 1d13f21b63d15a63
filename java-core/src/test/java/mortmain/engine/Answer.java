package mortmain.engine;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.lang.reflect.RecordComponent;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import mortmain.model.ErrorCode;
import mortmain.model.Failure;
import mortmain.model.MortmainException;
import mortmain.model.Rejection;
import mortmain.model.Value;

/** Puts whatever a store says into one text, down to the bytes of values, so that answers can be compared. */
final class Answer {
  private static final String REJECTED = "rejected ";

  private static final ClassValue<RecordComponent[]> PARTS =
      new ClassValue<>() {
        @Override
        protected RecordComponent[] computeValue(Class<?> type) {
          return type.getRecordComponents();
        }
      };

  private Answer() {}

  static String of(Supplier<?> call) {
    try {
      return text(call.get());
    } catch (MortmainException e) {
      return text(e.rejection());
    }
  }

  /** The code of a rejection, or "accepted". */
  static String kind(String answer) {
    return answer.startsWith(REJECTED) ? answer.substring(REJECTED.length(), answer.indexOf(' ', REJECTED.length())) : "accepted";
  }

  static String text(Object thing) {
    if (thing instanceof Rejection rejection) {
      return rejection(rejection);
    } else if (thing instanceof Value value) {
      return value.contentType() + ":" + new String(value.bytes(), UTF_8);
    } else if (thing instanceof List<?> list) {
      return list.stream().map(Answer::text).collect(Collectors.joining(", ", "[", "]"));
    } else if (thing instanceof Map<?, ?> map) {
      Map<String, String> sorted = new TreeMap<>();
      map.forEach((name, value) -> sorted.put(name.toString(), text(value)));
      return sorted.toString();
    } else if (thing instanceof Record record) {
      return record(record);
    }
    return String.valueOf(thing);
  }

  private static String record(Record record) {
    StringBuilder text = new StringBuilder(record.getClass().getSimpleName()).append('(');
    for (RecordComponent part : PARTS.get(record.getClass())) {
      try {
        text.append(part.getName()).append('=').append(text(part.getAccessor().invoke(record))).append(' ');
      } catch (ReflectiveOperationException e) {
        throw new LinkageError(e.getMessage(), e);
      }
    }
    return text.append(')').toString();
  }

  /** The words are the rules' own where the rules judge; below them only code and details are compared. */
  private static String rejection(Rejection rejection) {
    StringBuilder text = new StringBuilder(REJECTED + rejection.code() + " retry " + rejection.retry());
    for (Failure failure : rejection.failures()) {
      boolean engines = failure.code() == ErrorCode.INVALID || failure.code() == ErrorCode.STORE_CHANGED || failure.code() == ErrorCode.WRONG_TYPE;
      Map<String, Object> details = new TreeMap<>(failure.details());
      if (failure.code() == ErrorCode.INVALID) {
        details.remove("reason");
      }
      text.append("; ").append(failure.code()).append(' ').append(failure.key()).append(' ').append(text(details));
      text.append(engines ? "" : " " + failure.sentence());
    }
    return text.append("; current ").append(text(rejection.current())).toString();
  }
}
