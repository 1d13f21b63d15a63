package mortmain.fence;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import mortmain.model.ErrorCode;
import mortmain.model.Failure;
import mortmain.model.Guard;
import mortmain.model.Key;
import mortmain.model.Rejection;
import mortmain.model.Write;

/** Collects every failure of a set of guards; the order of {@link ErrorCode} decides which one names the exception. */
final class GuardCheck {
  private final View view;
  private final List<Guard> guards;
  private final Map<Key, KeyState> states = new LinkedHashMap<>();
  private final Set<String> presented = new HashSet<>();
  private final List<Failure> failures = new ArrayList<>(0);

  GuardCheck(View view, List<Guard> guards) {
    this.view = view;
    this.guards = guards;
    for (Guard guard : guards) {
      if (guard instanceof Guard.Holds holds) {
        presented.add(holds.claimId());
      }
    }
  }

  KeyState state(Key key) {
    return states.computeIfAbsent(key, view::key);
  }

  /** Judges every guard but FieldsAre, which needs the writes. */
  void guards() {
    for (Guard guard : guards) {
      if (guard instanceof Guard.UnchangedSince since) {
        if (!Guards.unchangedSince(view, since)) {
          failures.add(Failures.prefix(view, since));
        }
      } else {
        onKey((Guard.OnKey) guard);
      }
    }
  }

  private void onKey(Guard.OnKey guard) {
    KeyState state = state(guard.key());
    if (guard instanceof Guard.VersionIs is && !Guards.versionIs(state, is)) {
      failures.add(Failures.version(state, is));
    } else if (guard instanceof Guard.EpochIs is && !Guards.epochIs(state, is.epoch())) {
      failures.add(Failures.fenced(view, state, is.epoch(), presents(guard.key())));
    } else if (guard instanceof Guard.Holds holds && !Guards.holds(state, holds.claimId())) {
      boolean reclaimed = state.reclaimed() != null && holds.claimId().equals(state.reclaimed().claimId());
      failures.add(
          reclaimed ? Failures.fenced(view, state, state.epoch() - 1, true) : Failures.lost(state, holds.claimId()));
    } else if (guard instanceof Guard.Absent && !Guards.absent(state)) {
      failures.add(Failures.exists(state));
    } else if (guard instanceof Guard.Follows follows) {
      follows(state, follows);
    }
  }

  private void follows(KeyState state, Guard.Follows guard) {
    if (!Guards.epochIs(state, guard.ticket().epoch())) {
      failures.add(Failures.fenced(view, state, guard.ticket().epoch(), presents(guard.key())));
    } else if (!Guards.follows(state, guard)) {
      failures.add(Failures.moved(state, guard));
    }
  }

  /** A key that is deleted because it was listed below a prefix. */
  void listed(Key key, String prefix) {
    KeyState state = state(key);
    for (Guard guard : guards) {
      boolean lists = guard instanceof Guard.UnchangedSince since && since.prefix().equals(prefix);
      if (lists && !Guards.unreclaimedSince(state, (Guard.UnchangedSince) guard)) {
        failures.add(Failures.fenced(view, state, state.epoch() - 1, false));
      }
    }
  }

  void fields(Map<Key, List<Write.OnKey>> writes) {
    for (Guard guard : guards) {
      if (guard instanceof Guard.FieldsAre fields) {
        KeyState state = state(fields.key());
        boolean same = state.version() == fields.version() && state.tag() == fields.tag();
        if (!same) {
          view.changedField(state, fields.fields().bytes(), writes.getOrDefault(fields.key(), List.of()))
              .ifPresent(field -> failures.add(Failures.field(state, fields, field)));
        }
      }
    }
  }

  /** A claim in the way of any key that the guards are about. */
  void claims() {
    Set<Key> keys = new HashSet<>();
    for (Guard guard : guards) {
      if (guard instanceof Guard.OnKey onKey && keys.add(onKey.key())) {
        unclaimed(onKey.key());
      }
    }
  }

  /** Mirrored files of these keys that somebody else edited. */
  void files() {
    Set<Key> keys = new HashSet<>();
    for (Guard guard : guards) {
      if (view.mirrors() && guard instanceof Guard.OnKey onKey && keys.add(onKey.key()) && view.editedFile(onKey.key()) != null) {
        failures.add(Failures.edited(onKey.key(), view.editedFile(onKey.key())));
      }
    }
  }

  void unclaimed(Key key) {
    KeyState state = state(key);
    if (!Guards.unclaimedByOthers(state, presented)) {
      failures.add(Failures.held(view, key, state.claim()));
    }
  }

  void add(Failure failure) {
    failures.add(failure);
  }

  boolean failed() {
    return !failures.isEmpty();
  }

  boolean onlyClaimsInTheWay() {
    return failures.stream().allMatch(failure -> failure.code() == ErrorCode.CLAIM_HELD);
  }

  Rejection rejection() {
    failures.sort(Comparator.comparing(Failure::code));
    Failure first = failures.get(0);
    boolean throughClaim = first.code() == ErrorCode.FENCED && presents(first.key());
    boolean shows = first.code() == ErrorCode.VERSION_CONFLICT && first.key() != null;
    return new Rejection(
        List.copyOf(failures),
        throughClaim ? ErrorCode.Retry.CLAIM : first.code().retry(),
        shows ? view.snapshot(first.key()) : null);
  }

  static <T> Verdict<T> throughClaim(Failure failure) {
    return Verdict.reject(new Rejection(List.of(failure), ErrorCode.Retry.CLAIM, null));
  }

  private boolean presents(Key key) {
    for (Guard guard : guards) {
      if (guard instanceof Guard.Holds holds && holds.key().equals(key)) {
        return true;
      }
    }
    return false;
  }
}
