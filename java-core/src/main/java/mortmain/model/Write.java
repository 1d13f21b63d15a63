package mortmain.model;

import java.util.List;

/** A change that a commit asks for. */
public sealed interface Write {
  /** A write of one key. */
  sealed interface OnKey extends Write {
    Key key();
  }

  /** Replaces the whole value. {@code overwrite}: the writer read and committed without looking; recorded as such. */
  record Put(Key key, Value value, boolean overwrite) implements OnKey {}

  record Delete(Key key, boolean overwrite) implements OnKey {}

  /** Puts if absent, otherwise leaves alone. */
  record Ensure(Key key, Value value) implements OnKey {}

  /** Deletes every key below the prefix. */
  record DeletePrefix(String prefix) implements Write {}

  /** A write that the engine evaluates on the current value. */
  sealed interface Delta extends OnKey {}

  record Append(Key key, List<Item> items) implements Delta {}

  /** {@code by}: a JSON number. */
  record Increment(Key key, String by) implements Delta {}

  record AddToSet(Key key, Item member) implements Delta {}

  /** A JSON merge patch; the patch is an object. */
  record Merge(Key key, Value patch) implements Delta {}

  /**
   * What a trusted function makes of the current value; alone in its commit.
   *
   * @param function {@code package.module:function}
   * @param argument JSON
   * @param reduced what it made of a value, null while it has not run; not part of what was asked for
   */
  record Reduce(Key key, String function, Value argument, Reduced reduced) implements Delta {}
}
