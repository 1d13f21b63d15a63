package mortmain.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import mortmain.fence.KeyState.Reclamation;
import mortmain.model.Claim;
import mortmain.model.Event;
import mortmain.model.Key;
import mortmain.value.Json;

/** The bytes of a state, record by record. {@link Index} itself fills in what follows from them. Used once. */
final class Image {
  private static final int GLOBALS = 1;
  private static final int EVENT = 2;
  private static final int LEVEL = 3;
  private static final int KEY = 4;
  static final int REQUESTS = 5;
  private static final int IDS = 6;

  private static final int HAS_VERSION = 1;
  private static final int HAS_CLAIM = 2;
  private static final int HAS_RECLAMATION = 4;
  private static final int HAS_IDS = 8;
  private static final int HAS_CONTENT = 16;

  /** So many ids of one list are written at once: they may be a million, and the lock is held meanwhile. */
  static final int IDS_AT_ONCE = 2048;

  private final FileState state;
  private final Deque<Rest> rests = new ArrayDeque<>();
  private final Map<String, Integer> numbers = new LinkedHashMap<>();
  private final List<String> names = new ArrayList<>();

  /** The ids of a list that do not stand in its record. Those that are there now stay, whatever happens to the list. */
  private static final class Rest {
    private final Key key;
    private final ItemIds ids;
    private final int size;
    private int at = IDS_AT_ONCE;

    Rest(Key key, ItemIds ids) {
      this.key = key;
      this.ids = ids;
      this.size = ids.size();
    }

    /** Says whether there are more. */
    boolean write(Out out) {
      int to = Math.min(size, at + IDS_AT_ONCE);
      out.u8(IDS);
      out.block(key.utf8());
      ids.write(out, at, to);
      at = to;
      return at < size;
    }
  }

  Image(FileState state) {
    this.state = state;
  }

  /** What is not said of single keys. */
  void writeGlobals(Out out) {
    out.u8(GLOBALS);
    state.index().writeGlobals(out);
    for (Event event : state.index().settings()) {
      out.u8(EVENT);
      out.block(EventCodec.encode(event, List.of(), List.of()).bytes());
    }
    for (PathLevel level : state.index().levels().counted()) {
      out.u8(LEVEL);
      out.text(level.prefix);
      out.varint(level.count);
      reclamation(out, level.reclaimed);
    }
  }

  /** {@link #more} has the rest of what is long. */
  void write(Out out, KeyRecord record) {
    out.u8(KEY);
    key(out, record);
  }

  /** Writes some of what is left of long records; says whether there was any. */
  boolean more(Out out) {
    Rest rest = rests.peek();
    if (rest != null && !rest.write(out)) {
      rests.remove();
    }
    return rest != null;
  }

  void read(Aid.Reader reader, Clocks clocks) throws IOException {
    for (In in = reader.next(); in != null; in = reader.next()) {
      int kind = in.u8();
      switch (kind) {
        case GLOBALS -> state.index().readGlobals(in);
        case EVENT -> state.index().readSetting(EventCodec.decode(ByteBuffer.wrap(in.block())).event());
        case LEVEL -> state.index().readLevel(in.text(), in.varint(), reclamation(in));
        case KEY -> readKey(in, clocks.claims());
        case IDS -> state.index().find(Key.trusted(in.block())).ids.read(in);
        case REQUESTS -> state.requests().read(in);
        default -> throw new IOException("a record of kind " + kind);
      }
    }
  }

  private void key(Out out, KeyRecord record) {
    Version version = record.newest;
    Content content = version == null ? null : version.content;
    int flags = (version == null ? 0 : HAS_VERSION) | (record.claim == null ? 0 : HAS_CLAIM) | (record.reclaimed == null ? 0 : HAS_RECLAMATION)
        | (record.ids == null ? 0 : HAS_IDS) | (content == null ? 0 : HAS_CONTENT);
    out.u8(flags);
    out.block(record.key.utf8());
    out.varint(record.floor);
    out.varint(record.own);
    out.varint(record.touched);
    out.text(record.released);
    if (record.claim != null) {
      claim(out, record.claim);
    }
    if (record.reclaimed != null) {
      reclamation(out, record.reclaimed);
    }
    if (record.ids != null) {
      record.ids.write(out, 0, Math.min(record.ids.size(), IDS_AT_ONCE));
      if (record.ids.size() > IDS_AT_ONCE) {
        rests.add(new Rest(record.key, record.ids));
      }
    }
    if (version != null) {
      version(out, version);
    }
    if (content != null) {
      content(out, content);
    }
  }

  private void readKey(In in, long claimNanos) {
    int flags = in.u8();
    KeyRecord record = state.index().readRecord(Key.trusted(in.block()), in.varint(), in.varint());
    record.touched = in.varint();
    record.released = in.text();
    if ((flags & HAS_CLAIM) != 0) {
      state.index().readClaim(record, claim(in, claimNanos));
    }
    record.reclaimed = (flags & HAS_RECLAMATION) != 0 ? reclamation(in) : null;
    if ((flags & HAS_IDS) != 0) {
      record.ids = new ItemIds();
      record.ids.read(in);
    }
    if ((flags & HAS_VERSION) != 0) {
      state.index().readVersion(record, version(in, (flags & HAS_CONTENT) != 0));
    }
  }

  private void version(Out out, Version version) {
    out.varint(version.version);
    out.i64(version.tag);
    out.varint(version.revision);
    out.i64(version.committedAt);
    name(out, version.writer);
    name(out, version.contentType);
    out.text(version.ticketId);
    name(out, version.shape == null ? null : version.shape.name());
    out.varint(version.meta.size());
    version.meta.forEach((name, value) -> {
      out.text(name);
      out.text(value);
    });
  }

  private Version version(In in, boolean content) {
    long number = in.varint();
    long tag = in.i64();
    long revision = in.varint();
    long at = in.i64();
    String writer = name(in);
    String contentType = name(in);
    String ticketId = in.text();
    String shape = name(in);
    int pairs = in.count();
    Map<String, String> meta = pairs == 0 ? Map.of() : new LinkedHashMap<>();
    for (int i = 0; i < pairs; i++) {
      meta.put(in.text(), in.text());
    }
    return new Version(number, tag, revision, at, writer, contentType, ticketId, meta, content ? content(in) : null,
        shape == null ? null : Json.Shape.valueOf(shape), null);
  }

  private static void content(Out out, Content content) {
    out.varint(content.size());
    out.varint(content.items() + 1);
    out.varint(content.bytes());
    out.varint(content.base());
    for (int i = 0; i < content.size(); i++) {
      Piece piece = content.pieces()[i];
      out.varint(piece.length());
      out.i32(piece.crc());
      out.u8(piece.level());
      out.varint(Piece.segment(piece.place()));
      out.varint(Piece.offset(piece.place()));
    }
  }

  private static Content content(In in) {
    int size = in.count();
    long items = in.varint() - 1;
    long bytes = in.varint();
    long base = in.varint();
    Piece[] pieces = new Piece[size];
    for (int i = 0; i < size; i++) {
      pieces[i] = new Piece(in.count(), in.i32(), in.u8());
      pieces[i].place(in.count(), in.count());
    }
    return new Content(pieces, size, items, bytes, base);
  }

  private static void claim(Out out, Claim claim) {
    out.text(claim.claimId());
    out.text(claim.holder());
    out.varint(claim.epoch());
    out.varint(claim.ttlMillis());
    out.i64(claim.since());
    out.u8(claim.inherited() ? 1 : 0);
  }

  /** With a fresh ttl, as after every restart. */
  private static Claim claim(In in, long claimNanos) {
    String claimId = in.text();
    String holder = in.text();
    long epoch = in.varint();
    long ttl = in.varint();
    return new Claim(claimId, holder, epoch, ttl, claimNanos + ttl * 1_000_000, in.i64(), in.u8() == 1);
  }

  private static void reclamation(Out out, Reclamation reclamation) {
    out.varint(reclamation == null ? 0 : reclamation.revision());
    if (reclamation != null) {
      out.i64(reclamation.at());
      out.text(reclamation.by());
      out.text(reclamation.reason());
      out.text(reclamation.claimId());
    }
  }

  private static Reclamation reclamation(In in) {
    long revision = in.varint();
    return revision == 0 ? null : new Reclamation(revision, in.i64(), in.text(), in.text(), in.text());
  }

  /** Writers and content types repeat: each is written once. */
  private void name(Out out, String name) {
    Integer number = name == null ? Integer.valueOf(0) : numbers.get(name);
    if (number != null) {
      out.varint(number);
      return;
    }
    numbers.put(name, numbers.size() + 1);
    out.varint(numbers.size());
    out.text(name);
  }

  private String name(In in) {
    int number = in.count();
    if (number > names.size()) {
      names.add(in.text());
    }
    return number == 0 ? null : names.get(number - 1);
  }
}
