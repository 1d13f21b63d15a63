package mortmain.model;

/** Takes the answer of a call exactly once: on the calling thread, or on the one that forced the journal; must not block. */
public interface Outcome<T> {
  void answer(T answer);

  void reject(MortmainException rejection);
}
