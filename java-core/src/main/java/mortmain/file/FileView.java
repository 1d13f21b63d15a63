package mortmain.file;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.List;
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

/** The index as a rule sees it, remembering what was looked at. Lives for one decision, under the engine's lock. */
final class FileView implements View {
  /** The value that a conflict carries, in bytes. */
  private static final int SHOWN = 64 * 1024;

  private final Index index;
  private final Requests requests;
  private final Folds folds;
  private final Values values;
  private final Limits limits;
  private final Mirrors mirrors;
  private final String readOnly;
  private final long wallMicros;
  private final long claimNanos;
  private long judgedOn;

  FileView(FileState state, Mirrors mirrors, String readOnly, long wallMicros, long claimNanos) {
    this.index = state.index();
    this.requests = state.requests();
    this.folds = state.folds();
    this.values = state.values();
    this.limits = state.limits();
    this.mirrors = mirrors;
    this.readOnly = readOnly;
    this.wallMicros = wallMicros;
    this.claimNanos = claimNanos;
  }

  /** The newest revision that the verdict depends on: it must be durable before the answer leaves. */
  long judgedOn() {
    return judgedOn;
  }

  @Override
  public String storeId() {
    return index.storeId();
  }

  @Override
  public long revision() {
    return index.revision();
  }

  @Override
  public long horizon() {
    return requests.horizon();
  }

  @Override
  public long wallMicros() {
    return wallMicros;
  }

  @Override
  public long claimNanos() {
    return claimNanos;
  }

  @Override
  public Limits limits() {
    return limits;
  }

  @Override
  public String readOnly() {
    return readOnly;
  }

  @Override
  public KeyState key(Key key) {
    judgedOn = Math.max(judgedOn, index.judgedOn(key));
    return index.state(key);
  }

  @Override
  public long newestWrite(String prefix) {
    long newest = index.newestWrite(prefix);
    judgedOn = Math.max(judgedOn, newest == index.forgotten().upTo() ? index.forgotten().at() : newest);
    return newest;
  }

  @Override
  public List<Key> existing(String prefix) {
    judgedOn = index.revision();
    List<Key> keys = new ArrayList<>();
    for (KeyRecord record : index.below(prefix, null)) {
      if (record.exists()) {
        keys.add(record.key);
      }
    }
    return keys;
  }

  @Override
  public List<Key> claimed(String prefix) {
    judgedOn = index.revision();
    byte[] bytes = prefix.getBytes(UTF_8);
    return index.expiries().holders().stream().map(record -> record.key).filter(key -> key.startsWith(bytes)).sorted().toList();
  }

  @Override
  public long prefixCount(String prefix) {
    return index.prefixCount(prefix);
  }

  @Override
  public Optional<Event> remembered(String requestId) {
    Optional<Event> event = requests.find(requestId);
    event.ifPresent(known -> judgedOn = Math.max(judgedOn, known.revision()));
    return event;
  }

  @Override
  public Snapshot snapshot(Key key) {
    KeyRecord record = index.find(key);
    boolean exists = record != null && record.exists();
    boolean small = exists && record.newest.content.bytes() <= SHOWN;
    Value value = small ? new Value(record.newest.contentType, values.load(record.newest.content)) : null;
    return Snapshots.of(key(key), record == null ? null : record.newest, value, exists && !small);
  }

  @Override
  public Folded fold(KeyState before, List<Write.OnKey> writes) {
    return folds.fold(before.key(), writes);
  }

  @Override
  public Optional<String> changedField(KeyState current, byte[] fields, List<Write.OnKey> writes) {
    return folds.changedField(current.key(), fields, writes);
  }

  @Override
  public boolean mirrors() {
    return mirrors.any();
  }

  @Override
  public String editedFile(Key key) {
    return mirrors.edited(key);
  }

  @Override
  public String collision(List<Key> fresh) {
    return mirrors.collision(fresh);
  }
}
