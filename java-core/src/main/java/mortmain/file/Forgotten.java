package mortmain.file;

import java.util.NavigableSet;
import java.util.TreeSet;
import mortmain.model.Event;

/** What is still known of the tombstones that were forgotten: above all that no key may start below them again. Guarded by the engine's lock. */
final class Forgotten {
  private final TreeSet<Long> revisions = new TreeSet<>();
  private long at;
  private long upTo;
  private long version;
  private long epoch;

  void add(Event.Forgotten event) {
    revisions.add(event.revision());
    at = event.revision();
    upTo = Math.max(upTo, event.upTo());
    version = Math.max(version, event.version());
    epoch = Math.max(epoch, event.epoch());
  }

  /** The greatest version of any; a key without a record starts above it. */
  long version() {
    return version;
  }

  /** The greatest epoch of any; a key without a record starts above it. */
  long epoch() {
    return epoch;
  }

  /** The revision of the event that forgot tombstones last: before it, a key without a record may have had any state. */
  long at() {
    return at;
  }

  /** What was written after this revision is not forgotten. */
  long upTo() {
    return upTo;
  }

  /** The revisions of all events that forgot tombstones. */
  NavigableSet<Long> revisions() {
    return revisions;
  }

  /** {@link #read} reads it. */
  void write(Out out) {
    out.varint(at);
    out.varint(upTo);
    out.varint(version);
    out.varint(epoch);
    out.varint(revisions.size());
    revisions.forEach(out::varint);
  }

  void read(In in) {
    at = in.varint();
    upTo = in.varint();
    version = in.varint();
    epoch = in.varint();
    for (int left = in.count(); left > 0; left--) {
      revisions.add(in.varint());
    }
  }
}
