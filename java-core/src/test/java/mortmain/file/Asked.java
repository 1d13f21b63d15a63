package mortmain.file;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import mortmain.model.Commit;
import mortmain.model.Guard;
import mortmain.model.Key;
import mortmain.model.Write;

/** What a client asks for, in the words of the specification. Immutable. */
sealed interface Asked {
  /** {@code on}: the revision of the base, or -1. {@code ticket}: instead of it, or "none". */
  record ToCommit(Commit commit, long on, String ticket) implements Asked {
    /** The arguments of the commit: guards and writes by key. */
    Map<String, Object> arguments() {
      Map<String, Set<String>> sets = new HashMap<>();
      for (String name : List.of("version", "epoch", "follows", "creates", "scans", "put", "delete", "delta")) {
        sets.put(name, new TreeSet<>());
      }
      commit.guards().forEach(guard -> add(guard, sets));
      for (Write write : commit.writes()) {
        Write.OnKey onKey = (Write.OnKey) write;
        String name = write instanceof Write.Put ? "put" : write instanceof Write.Delete ? "delete" : "delta";
        sets.get(name).add(onKey.key().toString());
      }
      Set<String> based = sets.remove("version");
      Set<String> fenced = sets.remove("epoch");
      if (!fenced.containsAll(based)) {
        throw new IllegalStateException("the clients of a trace guard a version with its epoch");
      }
      fenced.removeAll(based);
      Map<String, Object> all = new HashMap<>(sets);
      all.putAll(Map.of(
          "based", based, "fenced", fenced, "on", on, "ticket", ticket, "claims", claims(), "request", commit.call().requestId()));
      return all;
    }

    /** The claims that it presents, by key. */
    private Map<String, String> claims() {
      Map<String, String> claims = new HashMap<>();
      for (Guard guard : commit.guards()) {
        if (guard instanceof Guard.Holds holds) {
          claims.put(holds.key().toString(), holds.claimId());
        }
      }
      return claims;
    }

    private static void add(Guard guard, Map<String, Set<String>> sets) {
      if (guard instanceof Guard.UnchangedSince since) {
        sets.get("scans").add(since.prefix());
      } else if (guard instanceof Guard.OnKey onKey && !(guard instanceof Guard.Holds)) {
        String name = guard instanceof Guard.VersionIs ? "version" : guard instanceof Guard.EpochIs ? "epoch" : guard instanceof Guard.Follows ? "follows" : "creates";
        sets.get(name).add(onKey.key().toString());
      }
    }
  }

  record ToClaim(Key key, String claimId) implements Asked {}

  record ToRelease(Key key, String claimId) implements Asked {}

  record ToResolve(String requestId) implements Asked {}

  /** Anything that is told by its event alone. */
  record Other() implements Asked {}

  /** Names for a set of keys. */
  static List<String> names(List<Key> keys) {
    List<String> names = new ArrayList<>();
    keys.forEach(key -> names.add(key.toString()));
    return names;
  }
}
