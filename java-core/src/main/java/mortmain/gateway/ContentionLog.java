package mortmain.gateway;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import mortmain.Store;
import mortmain.model.Contention;
import mortmain.model.Key;

/**
 * Warns of keys that agents fight over: many conflicts, or writes without a base between those of others, which lose updates silently. Each
 * key at most once a minute. One thread.
 */
final class ContentionLog {
  private static final long EVERY_NANOS = 5_000_000_000L;
  private static final Duration WINDOW = Duration.ofSeconds(60);
  private static final Duration WITHIN = Duration.ofMillis(100);
  /** Fewer conflicts than that in a minute are normal. */
  private static final long MANY = 10;

  private final Store store;
  private final Map<Key, Long> warned = new HashMap<>();
  private long lookedAt = System.nanoTime();

  ContentionLog(Store store) {
    this.store = store;
  }

  void tick(long now) {
    if (now - lookedAt >= EVERY_NANOS) {
      lookedAt = now;
      look(now);
    }
  }

  void look(long now) {
    warned.values().removeIf(at -> now - at >= WINDOW.toNanos());
    for (Contention one : store.contention(WINDOW, WITHIN)) {
      boolean overwritten = one.overwrites() > 0 && one.writers().size() > 1;
      if ((overwritten || one.conflictCount() >= MANY) && warned.putIfAbsent(one.key(), now) == null) {
        Log.warn(sentence(one, overwritten));
      }
    }
  }

  private static String sentence(Contention one, boolean overwritten) {
    Set<String> agents = new TreeSet<>(one.writers().keySet());
    agents.addAll(one.rejected().keySet());
    String counted = one.conflicts().entrySet().stream().map(each -> each.getValue() + " " + each.getKey()).collect(Collectors.joining(", "));
    return "contention: " + one.key() + " was wanted by " + agents.size() + " agents in a minute (" + String.join(", ", agents) + "): "
        + (counted.isEmpty() ? "no conflict" : counted)
        + (overwritten ? "; " + one.overwrites() + " writes had no base (overwrite=True) and may have lost an update: see `mortmain log`" : "");
  }
}
