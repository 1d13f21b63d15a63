package mortmain.file;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/** Lets the least recently used pieces drop their bytes when all of them together are above a budget. Thread-safe. */
final class ValueCache {
  private final long budget;
  private final LinkedHashMap<Piece, Boolean> used = new LinkedHashMap<>(64, 0.75f, true);
  private long bytes;

  /** {@code budget} in bytes. */
  ValueCache(long budget) {
    this.budget = budget;
  }

  synchronized void used(Piece piece) {
    used.get(piece);
  }

  /** The piece is durable: it may hold its bytes as long as there is room. */
  synchronized void admit(Piece piece, byte[] content) {
    if (content == null || content.length > budget / 4 || piece.isSuperseded()) {
      piece.hold(null);
      return;
    }
    piece.hold(content);
    if (used.put(piece, true) == null) {
      bytes += content.length;
    }
    Iterator<Map.Entry<Piece, Boolean>> eldest = used.entrySet().iterator();
    while (bytes > budget && eldest.hasNext()) {
      Piece old = eldest.next().getKey();
      eldest.remove();
      bytes -= old.length();
      old.hold(null);
    }
  }
}
