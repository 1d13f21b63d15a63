package mortmain.fence;

import java.util.List;
import java.util.Optional;
import mortmain.model.Event;
import mortmain.model.Key;
import mortmain.model.Limits;
import mortmain.model.Snapshot;
import mortmain.model.Write;

/** One state of a store, as the rules see it. Valid only while a rule runs; the engine guarantees that nothing moves meanwhile. */
public interface View {
  String storeId();

  /** The newest revision, durable or in flight. */
  long revision();

  /** Requests that knew less than this revision when they made their id are too old to be told from new ones. */
  long horizon();

  /** Microseconds since 1970; never goes back. */
  long wallMicros();

  /** Nanoseconds on the clock that claims expire on. */
  long claimNanos();

  Limits limits();

  /** Why nothing can be written now, or null. */
  String readOnly();

  KeyState key(Key key);

  /** The newest write revision below a prefix, 0 if there was none. */
  long newestWrite(String prefix);

  /** The keys below a prefix that have a value, in order. */
  List<Key> existing(String prefix);

  /** The keys below a prefix that are claimed. */
  List<Key> claimed(String prefix);

  /** The reclamations so far of exactly this prefix. */
  long prefixCount(String prefix);

  /** The accepted event of a request: Committed, Reclaimed or RequestRefused; of a claimId: ClaimGranted. */
  Optional<Event> remembered(String requestId);

  /** What a conflicting writer should see: with the value up to 64 KiB, otherwise partial. */
  Snapshot snapshot(Key key);

  /** Evaluates the writes of one key, in order, on its value. */
  Folded fold(KeyState before, List<Write.OnKey> writes);

  /** The first field named by the merge patches that differs from the base's fields; empty if none does. */
  Optional<String> changedField(KeyState current, byte[] fields, List<Write.OnKey> writes);

  /** Whether any key is a plain file too. */
  default boolean mirrors() {
    return false;
  }

  /** The path of a key's file when somebody else edited it, else null. */
  default String editedFile(Key key) {
    return null;
  }

  /** Why keys that do not exist yet cannot be files beside those that do and beside each other, or null. */
  default String collision(List<Key> fresh) {
    return null;
  }
}
