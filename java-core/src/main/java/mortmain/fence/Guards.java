package mortmain.fence;

import java.util.Set;
import mortmain.model.Guard;

/** One predicate per guard of the specification; each has a mutant that must turn the model checker red. */
final class Guards {
  private Guards() {}

  /** The lost update: somebody wrote this key after the base was read. */
  static boolean versionIs(KeyState state, Guard.VersionIs guard) {
    return state.version() == guard.version() && state.tag() == guard.tag();
  }

  /** The zombie: ownership was taken away after the base was read, though the version may never have moved. */
  static boolean epochIs(KeyState state, long epoch) {
    return state.epoch() == epoch;
  }

  /** The claim itself is live; a holder's name is never enough. */
  static boolean holds(KeyState state, String claimId) {
    return state.claim() != null && state.claim().claimId().equals(claimId);
  }

  /** A claimed key is written only by commits that present its claim. */
  static boolean unclaimedByOthers(KeyState state, Set<String> presented) {
    return state.claim() == null || presented.contains(state.claim().claimId());
  }

  static boolean absent(KeyState state) {
    return !state.exists();
  }

  /** Only commits of this ticket moved the key since the ticket was made. */
  static boolean follows(KeyState state, Guard.Follows guard) {
    boolean unmoved = state.version() == guard.ticket().version() && state.tag() == guard.ticket().tag();
    return unmoved || guard.ticket().id().equals(state.ticketId());
  }

  static boolean unchangedSince(View view, Guard.UnchangedSince guard) {
    return view.newestWrite(guard.prefix()) <= guard.revision();
  }

  /** The zombie that deletes what it listed: a scan is fenced by the reclamations after it. */
  static boolean unreclaimedSince(KeyState state, Guard.UnchangedSince guard) {
    return state.reclaimed() == null || state.reclaimed().revision() <= guard.revision();
  }

  /** The base belongs to this store, and to its past. */
  static boolean storeIs(View view, String storeId, long baseRevision) {
    return (storeId == null || storeId.equals(view.storeId())) && baseRevision <= view.revision();
  }

  /** An unknown id that may be older than what is remembered could have been committed before. */
  static boolean insideHorizon(View view, long since) {
    return since >= view.horizon();
  }

  static boolean expired(KeyState state, long claimNanos) {
    return state.claim() != null && claimNanos - state.claim().expiresAt() >= 0;
  }
}
