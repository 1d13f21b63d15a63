package mortmain.fence;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import mortmain.model.Commit;
import mortmain.model.ErrorCode;
import mortmain.model.Guard;
import mortmain.model.Item;
import mortmain.model.Key;
import mortmain.model.Limits;
import mortmain.model.Rejection;
import mortmain.model.Write;

/** What no state can make right: judged without the state, before anything else. */
public final class CommitShape {
  /** Characters of a writer's, holder's or ticket's name. */
  private static final int NAME = 256;

  private static final Pattern FUNCTION = Pattern.compile("[^:\\s\\p{Cntrl}]{1,200}:[^:\\s\\p{Cntrl}]{1,200}");

  private CommitShape() {}

  /** Null if the commit is well formed, else INVALID or TOO_LARGE. */
  public static Rejection problem(Commit commit, Limits limits) {
    Rejection problem = requestId(commit.call().requestId());
    if (problem == null) {
      problem = meta(commit.meta(), limits);
    }
    if (problem == null && (commit.writer().isEmpty() || commit.writer().length() > NAME)) {
      problem = Rejection.invalid("writer", "1 to " + NAME + " characters");
    }
    if (problem == null) {
      problem = writes(commit.writes());
    }
    if (problem == null) {
      problem = guards(commit.guards());
    }
    if (problem == null) {
      problem = guarded(commit);
    }
    return problem == null ? size(commit, limits) : problem;
  }

  public static Rejection requestId(String requestId) {
    int bytes = requestId == null ? 0 : requestId.getBytes(UTF_8).length;
    return bytes >= 1 && bytes <= 128 ? null : Rejection.invalid("request_id", "1 to 128 bytes, not " + bytes);
  }

  /** Null if the guards are well formed. */
  public static Rejection guards(List<Guard> guards) {
    for (Guard guard : guards) {
      if (guard instanceof Guard.UnchangedSince since && !isPrefix(since.prefix())) {
        return notAPrefix();
      }
    }
    return null;
  }

  /** No key lies below anything else, so that a guard on it would hold for ever. */
  private static boolean isPrefix(String text) {
    return text.isEmpty() || text.endsWith("/");
  }

  private static Rejection notAPrefix() {
    return Rejection.invalid("prefix", "a prefix is empty or ends in \"/\"");
  }

  static Rejection meta(Map<String, String> meta, Limits limits) {
    if (meta.size() > limits.metaPairs()) {
      return Rejection.invalid("meta", meta.size() + " pairs, the limit is " + limits.metaPairs());
    }
    long bytes = 0;
    for (Map.Entry<String, String> pair : meta.entrySet()) {
      bytes += pair.getKey().getBytes(UTF_8).length + pair.getValue().getBytes(UTF_8).length;
    }
    return bytes <= limits.metaBytes() ? null : Rejection.invalid("meta", bytes + " bytes, the limit is " + limits.metaBytes());
  }

  private static Rejection writes(List<Write> writes) {
    if (writes.isEmpty()) {
      return Rejection.invalid("writes", "a commit writes at least one key");
    }
    Set<Key> written = new HashSet<>();
    for (Write write : writes) {
      if (write instanceof Write.OnKey onKey) {
        boolean first = written.add(onKey.key());
        boolean whole = write instanceof Write.Put || write instanceof Write.Delete || write instanceof Write.Ensure;
        if (whole && !first) {
          return Rejection.invalid("writes", "at most one put, ensure or delete of " + onKey.key() + ", and before its deltas");
        }
      }
      if (write instanceof Write.DeletePrefix delete && !isPrefix(delete.prefix())) {
        return notAPrefix();
      }
      if (write instanceof Write.Reduce reduce && (writes.size() > 1 || !FUNCTION.matcher(reduce.function()).matches())) {
        return Rejection.invalid("function", "one \"package.module:function\", alone in its commit");
      }
    }
    return null;
  }

  /** There is no blind overwrite: a put or delete says what it is based on. */
  private static Rejection guarded(Commit commit) {
    Map<Key, Integer> have = new HashMap<>();
    for (Guard guard : commit.guards()) {
      if (guard instanceof Guard.OnKey onKey) {
        have.merge(onKey.key(), bit(onKey), (a, b) -> a | b);
      }
    }
    for (Write write : commit.writes()) {
      if (write instanceof Write.Put put && !based(have.getOrDefault(put.key(), 0), true)) {
        return unbased(put.key());
      }
      if (write instanceof Write.Delete delete && !based(have.getOrDefault(delete.key(), 0), false)) {
        return unbased(delete.key());
      }
      if (write instanceof Write.DeletePrefix delete && !prefixBased(commit.guards(), have, delete.prefix())) {
        return Rejection.invalid("base", "deleting \"" + delete.prefix() + "\" needs a base of a key below it");
      }
    }
    return null;
  }

  private static int bit(Guard.OnKey guard) {
    if (guard instanceof Guard.VersionIs) {
      return 1;
    } else if (guard instanceof Guard.EpochIs) {
      return 2;
    } else if (guard instanceof Guard.Follows) {
      return 4;
    }
    return guard instanceof Guard.Absent ? 8 : 0;
  }

  private static boolean based(int have, boolean put) {
    return (have & 3) == 3 || (have & 4) != 0 || (put && (have & 8) != 0);
  }

  private static boolean prefixBased(List<Guard> guards, Map<Key, Integer> have, String prefix) {
    byte[] bytes = prefix.getBytes(UTF_8);
    boolean below = have.entrySet().stream().anyMatch(key -> key.getKey().startsWith(bytes) && based(key.getValue(), false));
    return below || guards.stream().anyMatch(guard -> guard instanceof Guard.UnchangedSince since && since.prefix().equals(prefix));
  }

  private static Rejection unbased(Key key) {
    return Rejection.invalid("base", "a put or delete of " + key + " needs a base: its version and its epoch, or a ticket");
  }

  private static Rejection size(Commit commit, Limits limits) {
    Set<Key> keys = new HashSet<>();
    long total = 0;
    for (Guard guard : commit.guards()) {
      if (guard instanceof Guard.OnKey onKey) {
        keys.add(onKey.key());
      }
    }
    for (Write write : commit.writes()) {
      if (write instanceof Write.OnKey onKey) {
        keys.add(onKey.key());
      }
      long size = bytes(write);
      if (size > limits.value()) {
        return tooLarge("value", size, limits.value());
      }
      total += size;
    }
    if (keys.size() > limits.keys()) {
      return tooLarge("keys of a commit", keys.size(), limits.keys());
    }
    return total <= limits.commit() ? null : tooLarge("commit", total, limits.commit());
  }

  static Rejection tooLarge(String what, long size, long limit) {
    return Rejection.of(
        ErrorCode.TOO_LARGE, what + ": " + size + " is above the limit of " + limit, Map.of("size", size, "limit", limit));
  }

  private static long bytes(Write write) {
    if (write instanceof Write.Put put) {
      return put.value().bytes().length;
    } else if (write instanceof Write.Ensure ensure) {
      return ensure.value().bytes().length;
    } else if (write instanceof Write.Merge merge) {
      return merge.patch().bytes().length;
    } else if (write instanceof Write.AddToSet add) {
      return add.member().json().length;
    } else if (write instanceof Write.Reduce reduce) {
      return reduce.argument().bytes().length;
    } else if (write instanceof Write.Append append) {
      long sum = 0;
      for (Item item : append.items()) {
        sum += item.json().length + (item.id() == null ? 0 : item.id().length());
      }
      return sum;
    }
    return 0;
  }
}
