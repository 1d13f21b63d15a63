package mortmain.file;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Optional;
import mortmain.fence.KeyState;
import mortmain.fence.View;
import mortmain.model.Guard;

/** What a build of the engine may have wrong. Each must be found out by its trace. */
public enum Sabotage {
  NONE("-"),
  /** No commit is refused for its version. */
  VERSION_IGNORED("commit", "rejected"),
  /** No commit is refused for its epoch. */
  EPOCH_IGNORED("commit", "rejected"),
  /** Nobody's claim is in anybody's way. */
  CLAIMS_IGNORED("commit", "rejected", "claim", "no release", "no claim"),
  /** No request is known again. */
  IDS_FORGOTTEN("commit", "refuses", "claim"),
  /** An answer leaves when it is judged. */
  ANSWERED_BEFORE_THE_FORCE("answer"),
  /** A read shows what is in flight. */
  UNFORCED_READ("answer"),
  /** Half of all forces return, and nothing is on the disk. */
  FORCE_LEFT_OUT("crash");

  private final String lines;

  Sabotage(String... lines) {
    this.lines = String.join(",", lines);
  }

  /** The kinds of lines at which it shows. */
  public List<String> lines() {
    return List.of(lines.split(",", -1));
  }

  List<Guard> left(List<Guard> guards) {
    return guards.stream().filter(guard -> !ignores(guard)).toList();
  }

  private boolean ignores(Guard guard) {
    return (this == VERSION_IGNORED && guard instanceof Guard.VersionIs) || (this == EPOCH_IGNORED && guard instanceof Guard.EpochIs);
  }

  View seen(View view) {
    if (this != CLAIMS_IGNORED && this != IDS_FORGOTTEN) {
      return view;
    }
    return (View) Proxy.newProxyInstance(View.class.getClassLoader(), new Class<?>[] {View.class}, (proxy, method, arguments) -> {
      try {
        return changed(method.invoke(view, arguments));
      } catch (InvocationTargetException e) {
        throw e.getCause();
      }
    });
  }

  private Object changed(Object answer) {
    if (this == IDS_FORGOTTEN && answer instanceof Optional<?> && !((Optional<?>) answer).isEmpty()) {
      return Optional.empty();
    } else if (this == CLAIMS_IGNORED && answer instanceof KeyState state) {
      return new KeyState(
          state.key(), state.exists(), state.version(), state.tag(), state.epoch(), null, state.released(), state.reclaimed(), state.ticketId(), state.writer(), state.revision());
    }
    return answer;
  }
}
