package mortmain.mirror;

import java.util.List;
import mortmain.model.Key;

/** Where the values of mirrored keys come from. Thread-safe; everything that it gives out is durable. */
public interface Source {
  /** The newest version that is durable. */
  Shown newest(Key key);

  /** The versions before this one, newest first; they end where the journal does. */
  Iterable<Shown> before(Key key, Shown newest);

  /** Keys below a prefix, also those that were deleted, behind {@code after} (or null), in order, at most so many. */
  List<Key> keys(String prefix, Key after, int limit);

  /** The bytes of a file that is replaced although they are no version of its key, whole: they are kept where a person can find them. */
  void keepAside(Key key, byte[] bytes);

  /** Bytes of the largest value. */
  long limit();
}
