package mortmain.file;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import mortmain.journal.Journal;
import mortmain.journal.NoSegment;
import mortmain.model.ErrorCode;
import mortmain.model.Rejection;
import mortmain.value.Lists;

/** Reads values from their pieces: from memory while they are held, else with one positional read whose checksum is checked. Thread-safe. */
final class Values {
  /** The positioned read of the journal. */
  @FunctionalInterface
  interface Source {
    void read(int segment, int offset, byte[] into) throws IOException;

    /** Keeps what lies at a place that is looked up from now on, until it is closed. */
    default Journal.Hold hold() {
      return () -> { };
    }

    static Source of(Supplier<Journal> journal) {
      return new Source() {
        @Override
        public void read(int segment, int offset, byte[] into) throws IOException {
          journal.get().read(segment, offset, into);
        }

        @Override
        public Journal.Hold hold() {
          return journal.get().hold();
        }
      };
    }
  }

  private final Source source;
  private final ValueCache cache;

  Values(Source source, ValueCache cache) {
    this.source = source;
    this.cache = cache;
  }

  /** The whole value. Damage is CORRUPT and names the place. */
  byte[] load(Content content) {
    if (content.isWhole()) {
      return load(content.pieces()[0]);
    }
    List<byte[]> inners = new ArrayList<>(content.size());
    for (int i = 0; i < content.size(); i++) {
      inners.add(inner(content.pieces()[i]));
    }
    return Lists.wrap(inners);
  }

  /** The last n items of a list, reading only the pieces that hold them. */
  byte[] tail(Content content, int n) {
    Iterator<byte[]> newestFirst =
        new Iterator<>() {
          private int next = content.size() - 1;

          @Override
          public boolean hasNext() {
            return next >= 0;
          }

          @Override
          public byte[] next() {
            return inner(content.pieces()[next--]);
          }
        };
    return Lists.tail(newestFirst, n);
  }

  /** The items of a piece without brackets. */
  byte[] inner(Piece piece) {
    return piece.level() == Piece.WHOLE ? Lists.inner(load(piece)) : load(piece);
  }

  /** The piece can be read from disk from now on; memory is for what somebody reads, or each write would leave its bytes there. */
  void durable(Piece piece) {
    piece.hold(null);
  }

  /** The value that the piece is was overwritten. */
  void superseded(Piece piece) {
    cache.superseded(piece);
  }

  private byte[] load(Piece piece) {
    byte[] held = piece.held();
    if (held != null) {
      cache.used(piece);
      return held;
    }
    byte[] bytes = new byte[piece.length()];
    Journal.Hold hold = source.hold();
    try {
      long place = piece.place();
      source.read(Piece.segment(place), Piece.offset(place), bytes);
    } catch (NoSegment e) {
      throw Failed.dropped();
    } catch (IOException e) {
      throw damaged(piece, e.getMessage());
    } finally {
      hold.close();
    }
    if (Piece.crc(bytes) != piece.crc()) {
      throw damaged(piece, "its checksum does not match");
    }
    cache.admit(piece, bytes);
    return bytes;
  }

  private static RuntimeException damaged(Piece piece, String what) {
    String file = "journal/" + String.format("%08d", Piece.segment(piece.place())) + ".seg";
    return Rejection.of(
            ErrorCode.CORRUPT,
            "a value in " + file + " at offset " + Piece.offset(piece.place()) + " cannot be read: " + what + "; run mortmain verify",
            Map.of("file", file, "offset", (long) Piece.offset(piece.place())))
        .exception();
  }
}
