package mortmain.fence;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import mortmain.model.Change;
import mortmain.model.Claim;
import mortmain.model.Event;
import mortmain.model.Key;
import mortmain.model.Limits;
import mortmain.model.Snapshot;
import mortmain.model.Value;
import mortmain.model.Write;

/** A state made by hand: every key at version 6, tag 66, epoch 3, written by "winner", unless a test says otherwise. */
final class FakeView implements View {
  static final Key K = Key.of("k");
  static final Key OTHER = Key.of("p/other");
  static final String MINE = "a".repeat(32);
  static final String THEIRS = "b".repeat(32);

  final Map<Key, KeyState> keys = new TreeMap<>();
  final Map<String, Event> remembered = new HashMap<>();
  final Map<String, Long> newestWrites = new HashMap<>();
  Folded folded = new Folded.To(new Change.Whole(Value.json("1".getBytes(UTF_8)), Map.of()), null, false);
  String changedField;
  String readOnly;
  long horizon;
  /** Files that somebody else edited: key to path. */
  final Map<Key, String> edited = new HashMap<>();
  String collision;
  /** What the rules asked about, keys and prefixes. */
  final List<Object> asked = new ArrayList<>();

  static KeyState state(Key key) {
    return new KeyState(key, true, 6, 66, 3, null, null, null, null, "winner", 40);
  }

  static KeyState claimed(Key key, String claimId, long expiresAt) {
    return new KeyState(key, true, 6, 66, 3, claim(claimId, expiresAt), null, null, null, "winner", 40);
  }

  static Claim claim(String claimId, long expiresAt) {
    return new Claim(claimId, "holder of " + claimId.charAt(0), 3, 1000, expiresAt, 0, false);
  }

  static KeyState reclaimed(Key key, String claimId) {
    KeyState.Reclamation last = new KeyState.Reclamation(45, 88_000_000, "expiry", "its time ran out", claimId);
    return new KeyState(key, true, 6, 66, 3, null, null, last, null, "winner", 40);
  }

  static KeyState released(Key key, String claimId) {
    return new KeyState(key, true, 6, 66, 3, null, claimId, null, null, "winner", 40);
  }

  static KeyState following(Key key, String ticketId) {
    return new KeyState(key, true, 6, 66, 3, null, null, null, ticketId, "winner", 40);
  }

  static KeyState unborn(Key key) {
    return new KeyState(key, false, 0, 0, 3, null, null, null, null, null, 0);
  }

  FakeView with(KeyState state) {
    keys.put(state.key(), state);
    return this;
  }

  @Override
  public String storeId() {
    return "this store";
  }

  @Override
  public long revision() {
    return 50;
  }

  @Override
  public long horizon() {
    return horizon;
  }

  @Override
  public long wallMicros() {
    return 100_000_000;
  }

  @Override
  public long claimNanos() {
    return 5_000_000_000L;
  }

  @Override
  public Limits limits() {
    return Limits.DEFAULT;
  }

  @Override
  public String readOnly() {
    return readOnly;
  }

  @Override
  public KeyState key(Key key) {
    asked.add(key);
    return keys.getOrDefault(key, state(key));
  }

  @Override
  public long newestWrite(String prefix) {
    asked.add(prefix);
    return newestWrites.getOrDefault(prefix, 40L);
  }

  @Override
  public List<Key> existing(String prefix) {
    return keys.values().stream().filter(key -> key.exists() && key.key().startsWith(prefix.getBytes(UTF_8))).map(KeyState::key).toList();
  }

  @Override
  public List<Key> claimed(String prefix) {
    return keys.values().stream().filter(key -> key.claim() != null && key.key().startsWith(prefix.getBytes(UTF_8))).map(KeyState::key).toList();
  }

  @Override
  public long prefixCount(String prefix) {
    return 0;
  }

  @Override
  public Optional<Event> remembered(String requestId) {
    return Optional.ofNullable(remembered.get(requestId));
  }

  @Override
  public Snapshot snapshot(Key key) {
    KeyState state = key(key);
    return new Snapshot(key, state.exists(), null, null, state.version(), state.tag(), state.epoch(), state.revision(), state.writer(), 0, Map.of(), true);
  }

  @Override
  public Folded fold(KeyState before, List<Write.OnKey> writes) {
    return folded;
  }

  @Override
  public boolean mirrors() {
    return collision != null || !edited.isEmpty();
  }

  @Override
  public String editedFile(Key key) {
    return edited.get(key);
  }

  @Override
  public String collision(List<Key> fresh) {
    return fresh.isEmpty() ? null : collision;
  }

  @Override
  public Optional<String> changedField(KeyState current, byte[] fields, List<Write.OnKey> writes) {
    return Optional.ofNullable(changedField);
  }
}
