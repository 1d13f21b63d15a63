package mortmain.file;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import mortmain.model.Event;
import mortmain.model.Limits;
import mortmain.model.Setting;

/** The settings that hold, and the limits that follow from them. Changed by events alone, under the engine's lock; looked at by any thread. */
final class Settings {
  private static final long DEFAULT_HISTORY_BYTES = 10L << 30;
  private static final long NANOS = 1_000_000_000L;

  private final Limits given;
  /** By name, and not by {@link Setting}: a newer version's are kept for it. */
  private volatile Map<String, Long> changed = Map.of();
  private volatile Limits limits;

  /** {@code given}: what holds of the limits until something is set. */
  Settings(Limits given) {
    this.given = given;
    this.limits = given;
  }

  void apply(Event.Configured event) {
    Map<String, Long> next = new TreeMap<>(changed);
    next.put(event.name(), event.value());
    changed = next;
    limits = new Limits(
        of(Setting.VALUE_BYTES, given.value()),
        given.key(),
        given.keys(),
        given.commit(),
        given.metaPairs(),
        given.metaBytes(),
        next.containsKey(Setting.HORIZON_SECONDS.toString()) ? of(Setting.HORIZON_SECONDS, 0) * 1000 : given.horizonMillis(),
        Math.toIntExact(of(Setting.HORIZON_IDS, given.horizonIds())));
  }

  private long of(Setting setting, long otherwise) {
    return changed.getOrDefault(setting.toString(), otherwise);
  }

  /** Events that lead here. */
  List<Event> events() {
    List<Event> events = new ArrayList<>();
    changed.forEach((name, value) -> events.add(new Event.Configured(1, 0, "", name, value)));
    return events;
  }

  Limits limits() {
    return limits;
  }

  /** Bytes of history that are kept at most, of all keys together. */
  long historyBytes() {
    return of(Setting.HISTORY_BYTES, DEFAULT_HISTORY_BYTES);
  }

  /** How many request ids are remembered at most. */
  int horizonIds() {
    return limits.horizonIds();
  }

  /** How long a request id is remembered. */
  long horizonNanos() {
    return limits.horizonMillis() * (NANOS / 1000);
  }

  /** By name. */
  void describe(Map<String, Object> into) {
    into.put(Setting.HISTORY_BYTES.toString(), historyBytes());
    into.put(Setting.VALUE_BYTES.toString(), limits.value());
    into.put(Setting.HORIZON_SECONDS.toString(), limits.horizonMillis() / 1000);
    into.put(Setting.HORIZON_IDS.toString(), (long) limits.horizonIds());
  }
}
