package mortmain.file;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import mortmain.model.Key;

/**
 * The state as of one revision, written down while it changes: a record is written before its first change after that revision, or when it
 * is its turn, some at a time. What comes later is in none. Guarded by the engine's lock.
 */
final class Capture {
  private static final int BLOCK = 1 << 18;
  private static final int KEYS_AT_ONCE = 256;
  private static final int SLOTS_AT_ONCE = 1 << 14;

  private final FileState state;
  private final Image image;
  private final long revision;
  private final List<byte[]> full = new ArrayList<>();
  private Out out = new Out(BLOCK + 4096);
  /** Up to this key every record is written; null: none is. */
  private Key upTo;
  private boolean given;
  private List<RequestTable.Slots> requests;
  private boolean lost;

  /** Begins: the state is as it is now. */
  Capture(FileState state) {
    this.state = state;
    this.revision = state.index().revision();
    this.image = new Image(state);
    image.writeGlobals(out);
    state.index().capture(this);
  }

  long revision() {
    return revision;
  }

  /** The accepted requests, once all up to the revision are durable; those with a place in these segments are written. */
  void requests(Set<Integer> segments, Aid.Host host) {
    host.locked(() -> requests = state.requests().slots(segments));
  }

  /** A record is about to change. */
  void changing(KeyRecord record) {
    if (record.touched <= revision && (upTo == null || record.key.compareTo(upTo) > 0)) {
      image.write(out, record);
      cut(false);
    }
  }

  /** Records are about to be removed: what is written until now cannot be completed. */
  void lose() {
    lost = true;
  }

  boolean isLost() {
    return lost;
  }

  /** Writes some more; false when all is written. The blocks that are full are given to the caller. */
  boolean some(List<byte[]> into) {
    boolean more = image.more(out) || keys() || slots();
    cut(!more);
    into.addAll(full);
    full.clear();
    return more;
  }

  private boolean keys() {
    if (given) {
      return false;
    }
    var left = upTo == null ? state.index().all() : state.index().all().tailMap(upTo, false);
    Iterator<KeyRecord> records = left.values().iterator();
    for (int i = 0; i < KEYS_AT_ONCE && records.hasNext(); i++) {
      KeyRecord record = records.next();
      if (record.touched <= revision) { // else it was written before it changed, or is new
        image.write(out, record);
      }
      upTo = record.key;
    }
    given = !records.hasNext();
    return true;
  }

  private boolean slots() {
    while (!requests.isEmpty() && !requests.get(0).write(out, Image.REQUESTS, SLOTS_AT_ONCE)) {
      requests.remove(0);
    }
    return !requests.isEmpty();
  }

  private void cut(boolean last) {
    if (out.size() >= BLOCK || (last && out.size() > 0)) {
      full.add(out.toBytes());
      out = new Out(BLOCK + 4096);
    }
  }

  void end() {
    state.index().capture(null);
  }
}
