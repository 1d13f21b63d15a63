package mortmain.fence;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import mortmain.model.Change;
import mortmain.model.Commit;
import mortmain.model.ErrorCode;
import mortmain.model.Event;
import mortmain.model.Failure;
import mortmain.model.Guard;
import mortmain.model.Key;
import mortmain.model.Receipt;
import mortmain.model.Reduced;
import mortmain.model.Rejection;
import mortmain.model.Write;

/** One commit against one view, in the order of the protocol: store, id, horizon, read-only, guards and claims, types. */
final class CommitRule {
  private final View view;
  private final Commit commit;
  private final long fingerprint;
  private final boolean adopting;
  private final GuardCheck check;
  private final Map<Key, List<Write.OnKey>> writes = new LinkedHashMap<>();

  /** What a deleted prefix may take in the journal: it names each key that it deletes, beside so many bytes for its version. */
  static final long PREFIX_BYTES = 128L << 20;

  private static final int DELETED_BYTES = 128;
  private final long prefixLimit;
  private long prefixBytes;

  /** {@code adopting}: the commit is what somebody else wrote into the files. */
  CommitRule(View view, Commit commit, long fingerprint, boolean adopting) {
    this(view, commit, fingerprint, adopting, PREFIX_BYTES);
  }

  CommitRule(View view, Commit commit, long fingerprint, boolean adopting, long prefixLimit) {
    this.prefixLimit = prefixLimit;
    this.view = view;
    this.commit = commit;
    this.adopting = adopting;
    this.fingerprint = fingerprint;
    this.check = new GuardCheck(view, commit.guards());
  }

  Verdict<Receipt> judge() {
    long since = commit.call().since();
    long base = Math.max(commit.baseRevision(), Fence.known(since));
    if (!Guards.storeIs(view, commit.storeId(), base)) {
      return Verdict.reject(Fence.storeChanged(view, commit.storeId()));
    }
    String requestId = commit.call().requestId();
    Optional<Event> known = view.remembered(requestId);
    if (known.isPresent()) {
      return replay(known.get());
    }
    if (!Guards.insideHorizon(view, since)) {
      return Verdict.reject(Fence.idExpired(view, requestId));
    }
    if (view.readOnly() != null) {
      return Verdict.reject(Fence.readOnly(view));
    }
    collect();
    if (prefixBytes > prefixLimit) {
      return Verdict.reject(CommitShape.tooLarge("deleted prefix", prefixBytes, prefixLimit));
    }
    Rejection collision = view.mirrors() ? files() : null;
    if (collision != null) {
      return Verdict.reject(collision);
    }
    check.guards();
    check.fields(writes);
    claims();
    if (check.failed()) {
      return new Verdict.Rejected<>(check.rejection(), check.onlyClaimsInTheWay() && onlyDeltas());
    }
    return apply();
  }

  private Verdict<Receipt> replay(Event known) {
    boolean same = known instanceof Event.Committed committed && committed.fingerprint() == fingerprint;
    if (!same) {
      return Verdict.reject(Fence.reused(commit.call().requestId(), known));
    }
    return Verdict.accept(Receipts.of(view.storeId(), (Event.Committed) known).asReplayed());
  }

  private void collect() {
    for (Write write : commit.writes()) {
      if (write instanceof Write.OnKey onKey) {
        writes.computeIfAbsent(onKey.key(), key -> new ArrayList<>(1)).add(onKey);
      } else if (write instanceof Write.DeletePrefix delete) {
        for (Key key : view.existing(delete.prefix())) {
          prefixBytes += key.utf8().length + DELETED_BYTES;
          if (prefixBytes > prefixLimit) {
            return;
          }
          check.listed(key, delete.prefix());
          writes.computeIfAbsent(key, k -> new ArrayList<>(1)).add(new Write.Delete(key, false));
        }
      }
    }
  }

  /** Somebody else's edits of mirrored files are failures; a name that cannot be a file beside the others is returned. */
  private Rejection files() {
    List<Key> fresh = new ArrayList<>(0);
    for (Map.Entry<Key, List<Write.OnKey>> written : writes.entrySet()) {
      Key key = written.getKey();
      String path = adopting ? null : view.editedFile(key);
      if (path != null) {
        check.add(Failures.edited(key, path));
      }
      boolean deleted = written.getValue().size() == 1 && written.getValue().get(0) instanceof Write.Delete;
      if (!deleted && !check.state(key).exists()) {
        fresh.add(key);
      }
    }
    String collision = view.collision(fresh);
    return collision == null ? null : Rejection.invalid("key", collision);
  }

  private void claims() {
    for (Map.Entry<Key, List<Write.OnKey>> written : writes.entrySet()) {
      boolean kept =
          written.getValue().size() == 1 && written.getValue().get(0) instanceof Write.Ensure && check.state(written.getKey()).exists();
      if (!kept) {
        check.unclaimed(written.getKey());
      }
    }
  }

  private boolean onlyDeltas() {
    return commit.writes().stream().allMatch(write -> write instanceof Write.Delta);
  }

  private Verdict<Receipt> apply() {
    Write.Reduce reduce = commit.reduce();
    if (reduce != null && !isReduced(check.state(reduce.key()), reduce.reduced())) {
      return new Verdict.Unready<>();
    }
    long tag = Fingerprint.tag(commit.call().requestId());
    List<Change> changes = new ArrayList<>(writes.size());
    for (Map.Entry<Key, List<Write.OnKey>> written : writes.entrySet()) {
      KeyState state = check.state(written.getKey());
      Folded folded = reduce == null ? view.fold(state, written.getValue()) : reduced(state, reduce.reduced());
      if (folded instanceof Folded.To to) {
        changes.add(change(state, to, tag, overwrites(written.getValue())));
      } else if (folded instanceof Folded.WrongType wrong) {
        check.add(wrongType(state, wrong));
      } else if (folded instanceof Folded.TooLarge large) {
        return Verdict.reject(CommitShape.tooLarge("value of " + state.key(), large.size(), large.limit()));
      } else if (folded == null) {
        check.add(reduce.reduced().failure());
      }
    }
    if (check.failed()) {
      return Verdict.reject(check.rejection());
    }
    Event.Committed event =
        new Event.Committed(
            view.revision() + 1,
            view.wallMicros(),
            commit.call().requestId(),
            commit.call().attempt(),
            fingerprint,
            commit.writer(),
            commit.meta(),
            List.copyOf(changes));
    return Verdict.accept(Receipts.of(view.storeId(), event), event);
  }

  /** Whether the function saw the value that the key has now, or failed. Its epoch does not count: a bare delta is not fenced. */
  private static boolean isReduced(KeyState state, Reduced reduced) {
    return reduced != null
        && (reduced.failure() != null || (reduced.version() == state.version() && reduced.tag() == state.tag()));
  }

  /** Null when the function failed. */
  private Folded reduced(KeyState state, Reduced reduced) {
    if (reduced.failure() != null) {
      return null;
    } else if (reduced.value() == null) {
      return new Folded.To(null, null, true);
    }
    int size = reduced.value().bytes().length;
    if (size > view.limits().value()) {
      return new Folded.TooLarge(size, view.limits().value());
    }
    Folded whole = view.fold(state, List.of(new Write.Put(state.key(), reduced.value(), false)));
    return whole instanceof Folded.To to ? new Folded.To(to.content(), null, true) : whole;
  }

  private Change change(KeyState state, Folded.To to, long tag, boolean overwrite) {
    if (to.content() == null) {
      return new Change(
          state.key(), new Change.Kept(state.revision()), state.version(), state.tag(), state.epoch(), null, to.result(), false, to.delta());
    }
    return new Change(
        state.key(), to.content(), state.version() + 1, tag, state.epoch(), ticket(state.key()), to.result(), overwrite, to.delta());
  }

  private String ticket(Key key) {
    for (Guard guard : commit.guards()) {
      if (guard instanceof Guard.Follows follows && follows.key().equals(key)) {
        return follows.ticket().id();
      }
    }
    return null;
  }

  private static boolean overwrites(List<Write.OnKey> writes) {
    Write first = writes.get(0);
    return (first instanceof Write.Put put && put.overwrite()) || (first instanceof Write.Delete delete && delete.overwrite());
  }

  private static Failure wrongType(KeyState state, Folded.WrongType wrong) {
    String sentence = state.key() + " holds " + wrong.actual() + ", the write needs " + wrong.expected();
    return new Failure(
        ErrorCode.WRONG_TYPE, state.key(), Map.of("expected", wrong.expected(), "actual", wrong.actual()), sentence);
  }
}
