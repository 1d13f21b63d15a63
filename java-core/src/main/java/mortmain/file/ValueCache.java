package mortmain.file;

/**
 * Lets the least recently used pieces drop their bytes when all of them together are above a budget, and those of an overwritten value at
 * once: what stays long in memory is what a collection of the whole heap pauses for. The order is a ring through the pieces. Thread-safe.
 */
final class ValueCache {
  private final long budget;

  /** Its {@code newer} is the least recently used piece, its {@code older} the one that was used last. */
  private final Piece ring = new Piece(0, 0, 0);

  private long bytes;

  /** {@code budget} in bytes. */
  ValueCache(long budget) {
    this.budget = budget;
    ring.newer = ring;
    ring.older = ring;
  }

  synchronized void used(Piece piece) {
    if (piece.newer != null && piece.newer != ring) {
      unlink(piece);
      link(piece);
    }
  }

  /** The piece was read: it may hold its bytes as long as there is room. */
  synchronized void admit(Piece piece, byte[] content) {
    if (content.length > budget / 4 || piece.isSuperseded()) {
      return;
    }
    piece.hold(content);
    if (piece.newer == null) {
      bytes += content.length;
      link(piece);
    }
    while (bytes > budget) {
      drop(ring.newer);
    }
  }

  /** Its value was overwritten; until it is durable, it holds its bytes all the same. */
  synchronized void superseded(Piece piece) {
    piece.supersede();
    if (piece.newer != null) {
      drop(piece);
    }
  }

  private void drop(Piece piece) {
    unlink(piece);
    bytes -= piece.length();
    piece.hold(null);
  }

  private void link(Piece piece) {
    piece.older = ring.older;
    piece.newer = ring;
    ring.older.newer = piece;
    ring.older = piece;
  }

  private static void unlink(Piece piece) {
    piece.older.newer = piece.newer;
    piece.newer.older = piece.older;
    piece.newer = null;
    piece.older = null;
  }
}
