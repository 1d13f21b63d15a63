package mortmain.fence;

import java.util.LinkedHashMap;
import java.util.Map;
import mortmain.model.Claim;
import mortmain.model.ErrorCode;
import mortmain.model.Failure;
import mortmain.model.Guard;
import mortmain.model.Key;

/** Says what failed, with both numbers in one sentence that a reader can act on. */
final class Failures {
  private Failures() {}

  static Failure version(KeyState state, Guard.VersionIs guard) {
    Map<String, Object> details = conflict(state, guard.version());
    String happened =
        state.version() == guard.version()
            ? "version " + guard.version() + " of " + state.key() + " has another history than your base"
            : "version " + guard.version() + " is behind version " + state.version() + " of " + state.key();
    return new Failure(ErrorCode.VERSION_CONFLICT, state.key(), details, happened + by(state) + ": read it again and redo your change");
  }

  static Failure exists(KeyState state) {
    Map<String, Object> details = conflict(state, 0);
    return new Failure(
        ErrorCode.VERSION_CONFLICT,
        state.key(),
        details,
        state.key() + " exists at version " + state.version() + by(state) + ": read it and change it instead of creating it");
  }

  static Failure moved(KeyState state, Guard.Follows guard) {
    Map<String, Object> details = conflict(state, guard.ticket().version());
    return new Failure(
        ErrorCode.VERSION_CONFLICT,
        state.key(),
        details,
        "another run moved " + state.key() + " from version " + guard.ticket().version() + " to " + state.version() + by(state)
            + " after your ticket was made: read it again and start over");
  }

  static Failure field(KeyState state, Guard.FieldsAre guard, String field) {
    Map<String, Object> details = conflict(state, guard.version());
    details.put("field", field);
    return new Failure(
        ErrorCode.VERSION_CONFLICT,
        state.key(),
        details,
        "field " + field + " of " + state.key() + " changed between version " + guard.version() + " and version " + state.version()
            + by(state) + ": read it again and redo your change");
  }

  static Failure prefix(View view, Guard.UnchangedSince guard) {
    Map<String, Object> details = new LinkedHashMap<>();
    details.put("prefix", guard.prefix());
    details.put("expected", guard.revision());
    details.put("actual", view.newestWrite(guard.prefix()));
    return new Failure(
        ErrorCode.VERSION_CONFLICT,
        null,
        details,
        "keys below \"" + guard.prefix() + "\" were written at revision " + view.newestWrite(guard.prefix()) + ", after revision "
            + guard.revision() + " that you read: scan it again");
  }

  static Failure fenced(View view, KeyState state, long epoch, boolean throughClaim) {
    Map<String, Object> details = new LinkedHashMap<>();
    details.put("epoch", epoch);
    details.put("current_epoch", state.epoch());
    KeyState.Reclamation reclaimed = state.reclaimed();
    String how = "";
    if (reclaimed != null) {
      details.put("reclaimed_by", reclaimed.by());
      details.put("reclaimed_at", reclaimed.at());
      details.put("reclaimed_reason", reclaimed.reason());
      how = " by " + reclaimed.by() + " " + Math.max(0, (view.wallMicros() - reclaimed.at()) / 1_000_000) + " s ago";
    }
    String advice = throughClaim ? "read it again and claim it again" : "read it again and redo your change";
    return new Failure(
        ErrorCode.FENCED,
        state.key(),
        details,
        "epoch " + epoch + " is behind epoch " + state.epoch() + " of " + state.key() + ": "
            + (throughClaim ? "your claim was reclaimed" : "its ownership was reclaimed") + how + "; " + advice);
  }

  static Failure lost(KeyState state, String claimId) {
    String why = claimId.equals(state.released()) ? "released" : "unknown";
    Map<String, Object> details = new LinkedHashMap<>();
    details.put("why", why);
    return new Failure(
        ErrorCode.CLAIM_LOST,
        state.key(),
        details,
        "your claim on " + state.key() + (why.equals("released") ? " was released" : " is not known") + ": claim it again");
  }

  static Failure held(View view, Key key, Claim claim) {
    Map<String, Object> details = new LinkedHashMap<>();
    double seconds = Math.max(0, claim.expiresAt() - view.claimNanos()) / 1e9;
    details.put("holder", claim.holder());
    details.put("retry_after", seconds);
    return new Failure(
        ErrorCode.CLAIM_HELD,
        key,
        details,
        key + " is claimed by " + claim.holder() + ", for at most " + Math.round(seconds * 10) / 10.0
            + " s unless it is renewed: wait and try again");
  }

  static Failure edited(Key key, String path) {
    return new Failure(
        ErrorCode.FOREIGN_EDIT,
        key,
        Map.of("path", path),
        path + " was edited outside of mortmain: adopt(" + key + ") makes the edit the next version, then read it again and redo your change");
  }

  private static Map<String, Object> conflict(KeyState state, long expected) {
    Map<String, Object> details = new LinkedHashMap<>();
    details.put("expected", expected);
    details.put("actual", state.version());
    if (state.writer() != null) {
      details.put("winner", state.writer());
    }
    return details;
  }

  private static String by(KeyState state) {
    return state.writer() == null ? "" : " by " + state.writer();
  }
}
