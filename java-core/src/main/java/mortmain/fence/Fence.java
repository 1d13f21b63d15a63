package mortmain.fence;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import mortmain.model.Call;
import mortmain.model.Claim;
import mortmain.model.ClaimRequest;
import mortmain.model.Commit;
import mortmain.model.ErrorCode;
import mortmain.model.Event;
import mortmain.model.Failure;
import mortmain.model.Guard;
import mortmain.model.Key;
import mortmain.model.Receipt;
import mortmain.model.ReclaimRequest;
import mortmain.model.Rejection;
import mortmain.model.Resolution;
import mortmain.model.Retain;
import mortmain.model.Value;
import mortmain.model.Write;

/** The actions of the protocol. All methods are pure and thread-safe. */
public final class Fence {
  /** The writer of what was adopted. */
  public static final String FOREIGN = "foreign";

  private Fence() {}

  /**
   * Judges a commit: everything or nothing.
   *
   * @param fingerprint of its content, 0 for a commit whose id names an intention
   */
  public static Verdict<Receipt> commit(View view, Commit commit, long fingerprint) {
    return new CommitRule(view, commit, fingerprint, false).judge();
  }

  /**
   * What somebody else wrote into mirrored files becomes the next version of their keys, whatever they hold. It is in the files already, so a claim
   * is no obstacle: its holder's next commit finds the new version. Without any value the key stays as it is.
   *
   * @param meta of the commit, whose writer is {@link #FOREIGN}
   */
  public static Verdict<Receipt> adopt(View view, Call call, Map<Key, Value> values, Key key, Map<String, String> meta) {
    Rejection problem = CommitShape.meta(meta, view.limits());
    if (problem != null) {
      return Verdict.reject(problem);
    }
    List<Guard> guards = new ArrayList<>();
    List<Write> writes = new ArrayList<>();
    values.forEach((each, value) -> {
      KeyState state = view.key(each);
      guards.add(new Guard.VersionIs(each, state.version(), state.tag()));
      guards.add(new Guard.EpochIs(each, state.epoch()));
      if (state.claim() != null) {
        guards.add(new Guard.Holds(each, state.claim().claimId()));
      }
      writes.add(new Write.Put(each, value, false));
    });
    if (values.isEmpty() && !view.key(key).exists() && view.remembered(call.requestId()).isEmpty()) {
      return Verdict.reject(Rejection.invalid("key", "there is no file of " + key + " to adopt"));
    }
    if (values.isEmpty()) {
      writes.add(new Write.Ensure(key, new Value("text/plain", new byte[0])));
    }
    Commit commit = new Commit(call, FOREIGN, meta, guards, writes, null, 0, false, 0);
    return new CommitRule(view, commit, 0, true).judge();
  }

  /** A rejection that was given before, word for word; it waits again for what it was judged on. */
  public static <T> Verdict<T> again(View view, Rejection rejection) {
    for (Failure failure : rejection.failures()) {
      if (failure.key() != null) {
        view.key(failure.key());
      } else if (failure.details().get("prefix") instanceof String prefix) {
        view.newestWrite(prefix);
      }
    }
    return Verdict.reject(rejection);
  }

  /** What a commit with these guards would be refused for now; accepted if nothing. */
  public static Verdict<Boolean> check(View view, List<Guard> guards, String storeId, long baseRevision) {
    if (!Guards.storeIs(view, storeId, baseRevision)) {
      return Verdict.reject(storeChanged(view, storeId));
    }
    if (view.readOnly() != null) {
      return Verdict.reject(readOnly(view));
    }
    GuardCheck check = new GuardCheck(view, guards);
    check.guards();
    check.claims();
    check.files();
    return check.failed() ? Verdict.reject(check.rejection()) : Verdict.accept(true);
  }

  /** Free: granted under the current epoch. Asking again with the same id is the same claim. */
  public static Verdict<Claim> claim(View view, ClaimRequest request) {
    if (!Guards.storeIs(view, request.storeId(), 0)) {
      return Verdict.reject(storeChanged(view, request.storeId()));
    }
    KeyState state = view.key(request.key());
    if (Guards.holds(state, request.claimId())) {
      return Verdict.accept(state.claim());
    }
    Verdict<Claim> ended = ended(view, state, request.claimId(), -1);
    if (ended != null) {
      return ended;
    }
    if (view.remembered(request.claimId()).isPresent()) { // a late copy: it was granted, and ended before others were granted
      return GuardCheck.throughClaim(Failures.lost(state, request.claimId()));
    }
    if (!Guards.insideHorizon(view, request.since())) { // it may have been granted once, and that was forgotten
      return Verdict.reject(idExpired(view, request.claimId()));
    }
    if (state.claim() != null) {
      return new Verdict.Rejected<>(Rejection.of(Failures.held(view, state.key(), state.claim())), true);
    }
    if (view.readOnly() != null) {
      return Verdict.reject(readOnly(view));
    }
    long expiresAt = view.claimNanos() + request.ttlMillis() * 1_000_000;
    Claim claim =
        new Claim(request.claimId(), request.holder(), state.epoch(), request.ttlMillis(), expiresAt, view.wallMicros(), false);
    return Verdict.accept(
        claim,
        new Event.ClaimGranted(
            view.revision() + 1, view.wallMicros(), state.key(), claim.claimId(), claim.holder(), claim.epoch(), claim.ttlMillis()));
  }

  /** Only with the live claimId. {@code epoch}: the one of the claim, or -1 when the caller does not know it. */
  public static Verdict<Claim> renew(View view, Key key, String claimId, long epoch) {
    KeyState state = view.key(key);
    if (!Guards.holds(state, claimId)) {
      return notHeld(view, state, claimId, epoch);
    }
    Claim claim = state.claim();
    long revision = claim.inherited() ? view.revision() + 1 : 0;
    return Verdict.accept(
        claim.until(view.claimNanos() + claim.ttlMillis() * 1_000_000),
        new Event.ClaimRenewed(revision, view.wallMicros(), key, claimId));
  }

  /** Does not bump the epoch. Releasing what was released already is fine: the answer may have been lost. */
  public static Verdict<Boolean> release(View view, Key key, String claimId, long epoch) {
    KeyState state = view.key(key);
    if (Guards.holds(state, claimId)) {
      return Verdict.accept(true, new Event.ClaimReleased(view.revision() + 1, view.wallMicros(), key, claimId));
    }
    if (claimId.equals(state.released())) {
      return Verdict.accept(false);
    }
    return notHeld(view, state, claimId, epoch);
  }

  /** Takes ownership away; a key or prefix is bumped whether or not a claim is live. */
  public static Verdict<Event.Reclaimed> reclaim(View view, ReclaimRequest request) {
    if (!Guards.storeIs(view, request.storeId(), known(request.call().since()))) {
      return Verdict.reject(storeChanged(view, request.storeId()));
    }
    Optional<Event> known = view.remembered(request.call().requestId());
    if (known.isPresent()) {
      return known.get() instanceof Event.Reclaimed done
          ? Verdict.accept(done)
          : Verdict.reject(reused(request.call().requestId(), known.get()));
    }
    if (!Guards.insideHorizon(view, request.call().since())) {
      return Verdict.reject(idExpired(view, request.call().requestId()));
    }
    List<Event.Taken> keys = new ArrayList<>();
    if (request.key() != null) {
      keys.add(taken(view.key(request.key())));
    } else if (request.prefix() != null) {
      view.claimed(request.prefix()).forEach(key -> keys.add(taken(view.key(key))));
    } else {
      for (Key key : view.claimed("")) {
        if (view.key(key).claim().holder().equals(request.holder())) {
          keys.add(taken(view.key(key)));
        }
      }
    }
    Event.Reclaimed event =
        new Event.Reclaimed(
            view.revision() + 1,
            view.wallMicros(),
            request.call().requestId(),
            request.writer(),
            request.reason(),
            request.prefix(),
            List.copyOf(keys));
    return Verdict.accept(event, event);
  }

  /** Reclaims the claims among these keys whose time has run out. Time only permits the takeover; the epoch decides. */
  public static Verdict<Boolean> expire(View view, List<Key> keys) {
    List<Event.Taken> taken = new ArrayList<>();
    for (Key key : keys) {
      KeyState state = view.key(key);
      if (Guards.expired(state, view.claimNanos())) {
        taken.add(taken(state));
      }
    }
    return taken.isEmpty() ? Verdict.accept(false) : Verdict.accept(true, expiry(view, taken, "its time ran out"));
  }

  /** At open: a claim that was not renewed during the whole last run ends. */
  public static Verdict<Boolean> expireUnrenewed(View view, List<Key> keys) {
    List<Event.Taken> taken = new ArrayList<>();
    keys.forEach(key -> taken.add(taken(view.key(key))));
    return Verdict.accept(true, expiry(view, taken, "not renewed between two restarts"));
  }

  /**
   * A backup becomes another store: a new storeId refuses every snapshot, ticket and request of the original, and the reclamation of
   * everything ends every claim and fences also what names no store.
   */
  public static Verdict<Boolean> restored(View view, String storeId) {
    List<Event.Taken> taken = new ArrayList<>();
    view.claimed("").forEach(key -> taken.add(taken(view.key(key))));
    long revision = view.revision() + 1;
    return Verdict.accept(
        true,
        new Event.Restored(revision, view.wallMicros(), storeId),
        new Event.Reclaimed(revision + 1, view.wallMicros(), null, "restore", "a backup was restored", "", List.copyOf(taken)));
  }

  /** What history is kept; said again, it is the same. */
  public static Verdict<Boolean> retain(View view, Retain retain) {
    return Verdict.accept(
        true,
        new Event.Retained(view.revision() + 1, view.wallMicros(), retain.writer(), retain.prefix(), retain.versions(), retain.seconds()));
  }

  public static Verdict<Boolean> configure(View view, String name, long value, String writer) {
    return Verdict.accept(true, new Event.Configured(view.revision() + 1, view.wallMicros(), writer, name, value));
  }

  /**
   * The final word: an unknown id is refused durably before the answer, and never commits afterwards. {@code storeId}: of the store that the
   * request was made for, or null: what another store does not know may have happened there.
   */
  public static Verdict<Resolution> resolve(View view, String requestId, String writer, long since, String storeId) {
    if (!Guards.storeIs(view, storeId, known(since))) {
      return Verdict.reject(storeChanged(view, storeId));
    }
    Optional<Event> known = view.remembered(requestId);
    if (known.isEmpty() && !Guards.insideHorizon(view, since)) {
      return Verdict.reject(idExpired(view, requestId));
    }
    if (known.isEmpty()) {
      return Verdict.accept(
          new Resolution(null), new Event.RequestRefused(view.revision() + 1, view.wallMicros(), requestId, writer));
    }
    if (known.get() instanceof Event.Committed committed) {
      return Verdict.accept(new Resolution(Receipts.of(view.storeId(), committed).asReplayed()));
    }
    if (known.get() instanceof Event.Reclaimed done) {
      return Verdict.accept(new Resolution(new Receipt(view.storeId(), requestId, done.revision(), true, List.of())));
    }
    return Verdict.accept(new Resolution(null));
  }

  /**
   * Whether a request has its answer whatever the state and the hour are: it is remembered, or too old to be known. Any other one that
   * is taken up after its deadline is not judged; to say so of these would deny what may have happened.
   */
  public static boolean settled(View view, Call call) {
    return view.remembered(call.requestId()).isPresent() || !Guards.insideHorizon(view, call.since());
  }

  /** A revision that a client knew of; none is before everything. */
  static long known(long since) {
    return since == Long.MAX_VALUE ? 0 : since;
  }

  /** The file of a key was edited by somebody else. */
  public static Rejection edited(Key key, String path) {
    return Rejection.of(Failures.edited(key, path));
  }

  static Rejection storeChanged(View view, String storeId) {
    boolean other = storeId != null && !storeId.equals(view.storeId());
    String sentence =
        other
            ? "your base belongs to store " + storeId + ", this is store " + view.storeId() + ": read it again"
            : "your base is newer than revision " + view.revision() + " of this store, which was rolled back: read it again";
    Map<String, Object> details = Map.of("store_id", view.storeId(), "expected", storeId == null ? view.storeId() : storeId);
    return Rejection.of(ErrorCode.STORE_CHANGED, sentence, details);
  }

  static Rejection reused(String requestId, Event known) {
    boolean refused = known instanceof Event.RequestRefused;
    String reason = refused ? "refused" : "other content";
    String sentence =
        refused
            ? "request " + requestId + " was settled as not committed and never will be: use a new id"
            : "request " + requestId + " has already been committed with other content: use a new id";
    return Rejection.of(ErrorCode.REQUEST_ID_REUSED, sentence, Map.of("request_id", requestId, "reason", reason));
  }

  static Rejection idExpired(View view, String requestId) {
    return Rejection.of(
        ErrorCode.REQUEST_ID_EXPIRED,
        "request " + requestId + " was made before revision " + view.horizon()
            + ", further back than ids are remembered: it is not run; read the key to see whether it happened",
        Map.of("request_id", requestId));
  }

  static Rejection readOnly(View view) {
    return Rejection.of(
        ErrorCode.READ_ONLY, "the store is read-only: " + view.readOnly(), Map.of("reason", view.readOnly()));
  }

  private static Event.Reclaimed expiry(View view, List<Event.Taken> taken, String reason) {
    return new Event.Reclaimed(view.revision() + 1, view.wallMicros(), null, "expiry", reason, null, List.copyOf(taken));
  }

  private static Event.Taken taken(KeyState state) {
    Claim claim = state.claim();
    return new Event.Taken(
        state.key(), state.epoch() + 1, claim == null ? null : claim.claimId(), claim == null ? null : claim.holder());
  }

  private static <T> Verdict<T> notHeld(View view, KeyState state, String claimId, long epoch) {
    Verdict<T> ended = ended(view, state, claimId, epoch);
    return ended != null ? ended : GuardCheck.throughClaim(Failures.lost(state, claimId));
  }

  /** Expired or reclaimed is always FENCED; released is CLAIM_LOST; null when the id is not known to have ended. */
  private static <T> Verdict<T> ended(View view, KeyState state, String claimId, long epoch) {
    boolean reclaimed = state.reclaimed() != null && claimId.equals(state.reclaimed().claimId());
    if (reclaimed || (epoch >= 0 && !Guards.epochIs(state, epoch))) {
      return GuardCheck.throughClaim(Failures.fenced(view, state, epoch >= 0 ? epoch : state.epoch() - 1, true));
    }
    return claimId.equals(state.released()) ? GuardCheck.throughClaim(Failures.lost(state, claimId)) : null;
  }
}
