package mortmain.journal;

/**
 * Keeps the files of segments where they are while somebody copies them. A hold is taken before the list of segments is read; whoever takes a
 * segment off that list removes its file only when {@link #areNone}, or later. Thread-safe.
 */
final class Holds {
  private int taken;

  /** One hold; it ends when it is closed. */
  final class Hold implements AutoCloseable {
    private boolean closed;

    @Override
    public void close() {
      synchronized (Holds.this) {
        taken -= closed ? 0 : 1;
        closed = true;
      }
    }
  }

  synchronized Hold take() {
    taken++;
    return new Hold();
  }

  synchronized boolean areNone() {
    return taken == 0;
  }
}
