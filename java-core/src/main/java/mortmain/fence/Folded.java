package mortmain.fence;

import mortmain.model.Change;

/** What writes of one key come to. */
public sealed interface Folded {
  /** {@code content} null: nothing changed. {@code result}: a JSON text or null. {@code delta}: evaluated by the engine. */
  record To(Change.Content content, String result, boolean delta) implements Folded {}

  record WrongType(String expected, String actual) implements Folded {}

  record TooLarge(long size, long limit) implements Folded {}
}
