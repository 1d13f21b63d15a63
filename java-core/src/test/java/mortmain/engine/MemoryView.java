package mortmain.engine;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import mortmain.fence.Folded;
import mortmain.fence.KeyState;
import mortmain.fence.View;
import mortmain.model.Event;
import mortmain.model.Key;
import mortmain.model.Limits;
import mortmain.model.Snapshot;
import mortmain.model.Value;
import mortmain.model.Write;

/** A whole state as a rule sees it. */
record MemoryView(MemoryState state, MemoryRequests requests, Limits limits, String readOnly, long wallMicros, long claimNanos)
    implements View {
  @Override
  public String storeId() {
    return state.storeId;
  }

  @Override
  public long revision() {
    return state.revision;
  }

  @Override
  public long horizon() {
    return requests.horizon();
  }

  @Override
  public KeyState key(Key key) {
    return state.state(key);
  }

  @Override
  public long newestWrite(String prefix) {
    return Math.max(state.forgottenUpTo, state.newestWrites.getOrDefault(prefix, 0L));
  }

  private static boolean below(Key key, String prefix) {
    return key.startsWith(prefix.getBytes(UTF_8));
  }

  @Override
  public List<Key> existing(String prefix) {
    return state.keys.entrySet().stream().filter(of -> of.getValue().value != null && below(of.getKey(), prefix)).map(Map.Entry::getKey).toList();
  }

  @Override
  public List<Key> claimed(String prefix) {
    return state.keys.entrySet().stream().filter(of -> of.getValue().claim != null && below(of.getKey(), prefix)).map(Map.Entry::getKey).toList();
  }

  @Override
  public long prefixCount(String prefix) {
    return state.counts.getOrDefault(prefix, 0L);
  }

  @Override
  public Optional<Event> remembered(String requestId) {
    return requests.find(requestId);
  }

  @Override
  public Snapshot snapshot(Key key) {
    return MemoryEngine.snapshot(state, key, true, -1, 64 * 1024);
  }

  @Override
  public Folded fold(KeyState before, List<Write.OnKey> writes) {
    MemoryState.OfKey of = state.keys.get(before.key());
    return MemoryFold.fold(of, writes, limits.value());
  }

  @Override
  public Optional<String> changedField(KeyState current, byte[] fields, List<Write.OnKey> writes) {
    MemoryState.OfKey of = state.keys.get(current.key());
    Value value = of == null ? null : of.value;
    for (Write.OnKey write : writes) {
      if (write instanceof Write.Merge merge) {
        Optional<String> changed = MemoryFold.changedField(value, fields, merge.patch().bytes());
        if (changed.isPresent()) {
          return changed;
        }
      }
    }
    return Optional.empty();
  }
}
