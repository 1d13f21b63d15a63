package mortmain.file;

import java.util.Arrays;

/**
 * The pieces of one value: one whole piece, or a list in pieces, oldest first. Immutable; versions of a growing list share one array,
 * whose free end belongs to the newest version.
 *
 * @param items the number of list items, or -1 when nobody has counted
 * @param bytes the size of the value as it is read
 * @param base the version that brought the first of it: from there on each version added something
 */
record Content(Piece[] pieces, int size, long items, long bytes, long base) {

  static Content whole(Piece piece, long version) {
    return new Content(new Piece[] {piece}, 1, -1, piece.length(), version);
  }

  static Content list(Piece first, long items, long version) {
    Piece[] pieces = new Piece[8];
    pieces[0] = first;
    return new Content(pieces, 1, items, first.length() + 2L, version);
  }

  boolean isWhole() {
    return size == 1 && pieces[0].level() == Piece.WHOLE;
  }

  /** The list with one more piece; {@code before} is the number of items so far. */
  Content plus(Piece piece, long before, long added) {
    boolean free = size < pieces.length && pieces[size] == null;
    Piece[] grown = free ? pieces : Arrays.copyOf(pieces, Math.max(8, size * 2));
    if (!free) {
      Arrays.fill(grown, size, grown.length, null);
    }
    grown[size] = piece;
    return new Content(grown, size + 1, before + added, bytes + piece.length() + (before == 0 ? 0 : 1), base);
  }

  /** The list with its last pieces replaced by one that holds the same items. */
  Content merged(int pieceCount, Piece chunk) {
    int last = Math.min(pieceCount, size); // fewer only in what compaction left of a list that was replaced since
    Piece[] fewer = Arrays.copyOf(pieces, Math.max(8, size));
    Arrays.fill(fewer, size - last, fewer.length, null);
    fewer[size - last] = chunk;
    return new Content(fewer, size - last + 1, items, bytes, base);
  }

  int[] levels() {
    int[] levels = new int[size];
    for (int i = 0; i < size; i++) {
      levels[i] = pieces[i].level();
    }
    return levels;
  }
}
