package mortmain.file;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import mortmain.model.Event;
import mortmain.model.Key;

/**
 * What of the past is to be kept, and what compaction dropped. Changed by events alone, under the engine's lock; looked at by any thread.
 */
final class Retention {
  /** Seven days, and the last version always. */
  static final Rule DEFAULT = new Rule("", 1, 7L * 24 * 3600);

  /**
   * A version is kept while it is one of the last {@code versions} of its key, or was current within the last {@code seconds}; the newest always
   * is.
   */
  record Rule(String prefix, long versions, long seconds) {}

  private volatile Map<String, Rule> rules = Map.of("", DEFAULT);
  private volatile Map<String, Long> gone = Map.of();
  private final Settings settings;

  Retention(Settings settings) {
    this.settings = settings;
  }

  void apply(Event event) {
    if (event instanceof Event.Retained retained) {
      Map<String, Rule> next = new TreeMap<>(rules);
      if (retained.versions() == 0 && retained.seconds() == 0) {
        next.remove(retained.prefix());
        next.putIfAbsent("", DEFAULT);
      } else {
        next.put(retained.prefix(), new Rule(retained.prefix(), Math.max(1, retained.versions()), retained.seconds()));
      }
      rules = next;
    } else if (event instanceof Event.Configured configured) {
      settings.apply(configured);
    } else if (event instanceof Event.Compacted compacted) {
      Map<String, Long> next = new TreeMap<>(gone);
      compacted.gone().forEach((prefix, revision) -> next.merge(prefix, revision, Math::max));
      gone = next;
    }
  }

  /** Events that lead here. */
  List<Event> events() {
    List<Event> events = new ArrayList<>();
    rules.values().forEach(rule -> events.add(new Event.Retained(1, 0, "", rule.prefix(), rule.versions(), rule.seconds())));
    events.addAll(settings.events());
    events.add(new Event.Compacted(1, 0, 0, gone));
    return events;
  }

  /** The rule of the longest prefix that the key has. */
  Rule of(Key key) {
    Rule found = null;
    for (Rule rule : rules.values()) {
      boolean longer = found == null || rule.prefix().length() > found.prefix().length();
      if (longer && key.startsWith(rule.prefix().getBytes(UTF_8))) {
        found = rule;
      }
    }
    return found;
  }

  Map<String, Rule> rules() {
    return rules;
  }

  /** By prefix of the rule under which something was dropped: states before this revision may not be known any more. */
  Map<String, Long> gone() {
    return gone;
  }

  /** What this key was at revisions before the one returned may not be known. */
  long goneOf(Key key) {
    long newest = 0;
    for (Map.Entry<String, Long> each : gone.entrySet()) {
      newest = key.startsWith(each.getKey().getBytes(UTF_8)) ? Math.max(newest, each.getValue()) : newest;
    }
    return newest;
  }

  /** What happened below the prefix up to the revision returned may not be known. */
  long goneBelow(String prefix) {
    long newest = 0;
    for (Map.Entry<String, Long> each : gone.entrySet()) {
      boolean overlaps = each.getKey().startsWith(prefix) || prefix.startsWith(each.getKey());
      newest = overlaps ? Math.max(newest, each.getValue()) : newest;
    }
    return newest;
  }

  /** Plain maps: what holds, by prefix and by name. */
  Map<String, Object> describe() {
    Map<String, Object> retained = new LinkedHashMap<>();
    rules.forEach((prefix, rule) -> retained.put(prefix, Map.of("versions", rule.versions(), "seconds", rule.seconds())));
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("retain", retained);
    settings.describe(all);
    return all;
  }
}
