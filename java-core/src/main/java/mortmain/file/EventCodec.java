package mortmain.file;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import mortmain.model.Change;
import mortmain.model.Event;
import mortmain.model.Key;
import mortmain.model.Mount;

/**
 * The byte layout of events in the journal. Every event begins with its length in 4 bytes, its kind, revision and time; texts and blocks have their length
 * before them; numbers of 64 bits are big-endian. The bytes of values are kept in one run each, so that a {@link Piece} can point at
 * them.
 */
final class EventCodec {
  private static final int CREATED = 1;
  private static final int OPENED = 2;
  private static final int COMMITTED = 3;
  private static final int CLAIM_GRANTED = 4;
  private static final int CLAIM_RENEWED = 5;
  private static final int CLAIM_RELEASED = 6;
  private static final int RECLAIMED = 7;
  private static final int REQUEST_REFUSED = 8;
  private static final int FORGOTTEN = 9;
  private static final int MOUNTED = 10;
  private static final int UNMOUNTED = 11;
  private static final int MIRRORED_THROUGH = 12;
  private static final int RESTORED = 20;
  private static final int RETAINED = 30;
  private static final int CONFIGURED = 31;
  private static final int COMPACTED = 32;
  /** Set in the level of a chunk whose bytes are not kept: a bigger chunk holds them. */
  private static final int HOLLOW = 0x80;

  private EventCodec() {}

  /** An event with the runs of bytes that it brings: one piece per whole value or appended run, then the chunks. {@code bytes} null: decoded. */
  record Coded(Event event, byte[] bytes, List<Run> runs, List<Chunk> chunks) {}

  /** {@code piece} lies {@code offset} bytes behind the start of the record. */
  record Run(Piece piece, int offset) {}

  /** The last {@code pieces} pieces of a list, in order of the changes of the commit, replaced by one. */
  record Chunk(int change, int pieces, Piece piece) {}

  /** {@code pieces}: one per change with content, in order. */
  static Coded encode(Event event, List<Piece> pieces, List<Chunk> chunks) {
    Out out = new Out(room(pieces, chunks));
    List<Run> runs = new ArrayList<>(pieces.size() + chunks.size());
    out.i32(0);
    out.u8(kind(event));
    out.varint(event.revision());
    out.i64(event.at());
    body(out, event, pieces, runs);
    out.varint(chunks.size());
    for (Chunk chunk : chunks) {
      out.varint(chunk.change());
      out.varint(chunk.pieces());
      boolean hollow = chunk.piece().held() == null;
      out.u8(chunk.piece().level() | (hollow ? HOLLOW : 0));
      if (hollow) {
        out.varint(chunk.piece().length());
      } else {
        run(out, chunk.piece(), runs);
      }
    }
    out.patch(0, out.size());
    return new Coded(event, out.toBytes(), runs, chunks);
  }

  private static int room(List<Piece> pieces, List<Chunk> chunks) {
    int room = 256;
    for (int i = 0; i < pieces.size(); i++) {
      room += room(pieces.get(i));
    }
    for (int i = 0; i < chunks.size(); i++) {
      room += chunks.get(i).piece().held() == null ? 0 : room(chunks.get(i).piece());
    }
    return room;
  }

  /** With what stands before the bytes: a key, numbers, a content type. */
  private static int room(Piece piece) {
    return 128 + (piece.length() < Out.LARGE ? piece.length() : 0);
  }

  /** Places nothing: {@code runs} have offsets within the record. */
  static Coded decode(ByteBuffer bytes) {
    In in = new In(bytes);
    in.i32();
    int kind = in.u8();
    long revision = in.varint();
    long at = in.i64();
    List<Run> runs = new ArrayList<>();
    Event event = event(kind, revision, at, in, runs);
    int count = in.count();
    List<Chunk> chunks = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      int change = in.count();
      int merged = in.count();
      int level = in.u8();
      boolean hollow = (level & HOLLOW) != 0;
      chunks.add(new Chunk(change, merged, hollow ? new Piece(in.count(), 0, level & ~HOLLOW) : run(in, level, runs)));
    }
    return new Coded(event, null, runs, chunks);
  }

  private static int kind(Event event) {
    if (event instanceof Event.Committed) {
      return COMMITTED;
    } else if (event instanceof Event.ClaimGranted) {
      return CLAIM_GRANTED;
    } else if (event instanceof Event.ClaimRenewed) {
      return CLAIM_RENEWED;
    } else if (event instanceof Event.ClaimReleased) {
      return CLAIM_RELEASED;
    } else if (event instanceof Event.Reclaimed) {
      return RECLAIMED;
    } else if (event instanceof Event.RequestRefused) {
      return REQUEST_REFUSED;
    } else if (event instanceof Event.Forgotten) {
      return FORGOTTEN;
    } else if (event instanceof Event.Restored) {
      return RESTORED;
    } else if (event instanceof Event.Mounted) {
      return MOUNTED;
    } else if (event instanceof Event.Unmounted) {
      return UNMOUNTED;
    } else if (event instanceof Event.MirroredThrough) {
      return MIRRORED_THROUGH;
    } else if (event instanceof Event.Retained) {
      return RETAINED;
    } else if (event instanceof Event.Configured) {
      return CONFIGURED;
    } else if (event instanceof Event.Compacted) {
      return COMPACTED;
    }
    return event instanceof Event.Created ? CREATED : OPENED;
  }

  private static void body(Out out, Event event, List<Piece> pieces, List<Run> runs) {
    if (event instanceof Event.Committed committed) {
      committed(out, committed, pieces, runs);
    } else if (event instanceof Event.ClaimGranted granted) {
      out.block(granted.key().utf8());
      out.text(granted.claimId());
      out.text(granted.holder());
      out.varint(granted.epoch());
      out.varint(granted.ttlMillis());
    } else if (event instanceof Event.ClaimRenewed renewed) {
      out.block(renewed.key().utf8());
      out.text(renewed.claimId());
    } else if (event instanceof Event.ClaimReleased released) {
      out.block(released.key().utf8());
      out.text(released.claimId());
    } else if (event instanceof Event.Reclaimed reclaimed) {
      reclaimed(out, reclaimed);
    } else if (event instanceof Event.RequestRefused refused) {
      out.text(refused.requestId());
      out.text(refused.writer());
    } else if (event instanceof Event.Forgotten forgotten) {
      out.varint(forgotten.upTo());
      out.varint(forgotten.version());
      out.varint(forgotten.epoch());
    } else if (event instanceof Event.Created created) {
      out.text(created.storeId());
    } else if (event instanceof Event.Restored restored) {
      out.text(restored.storeId());
    } else {
      mount(out, event);
      setting(out, event);
    }
  }

  private static void mount(Out out, Event event) {
    if (event instanceof Event.Mounted mounted) {
      out.text(mounted.by());
      out.text(mounted.mount().prefix());
      out.text(mounted.mount().directory());
      out.u8(mounted.mount().sync() ? 1 : 0);
      out.u8(mounted.mount().adopt() ? 1 : 0);
    } else if (event instanceof Event.Unmounted unmounted) {
      out.text(unmounted.by());
      out.text(unmounted.prefix());
    } else if (event instanceof Event.MirroredThrough mirrored) {
      out.text(mirrored.prefix());
      out.varint(mirrored.through());
    }
  }

  private static void setting(Out out, Event event) {
    if (event instanceof Event.Retained retained) {
      out.text(retained.by());
      out.text(retained.prefix());
      out.varint(retained.versions());
      out.varint(retained.seconds());
    } else if (event instanceof Event.Configured configured) {
      out.text(configured.by());
      out.text(configured.name());
      out.varint(configured.value());
    } else if (event instanceof Event.Compacted compacted) {
      out.varint(compacted.horizon());
      out.varint(compacted.gone().size());
      compacted.gone().forEach((prefix, revision) -> {
        out.text(prefix);
        out.varint(revision);
      });
    }
  }

  private static Event.Compacted compacted(long revision, long at, In in) {
    long horizon = in.varint();
    int count = in.count();
    Map<String, Long> gone = new LinkedHashMap<>();
    for (int i = 0; i < count; i++) {
      gone.put(in.text(), in.varint());
    }
    return new Event.Compacted(revision, at, horizon, gone);
  }

  private static Event event(int kind, long revision, long at, In in, List<Run> runs) {
    return switch (kind) {
      case CREATED -> new Event.Created(revision, at, in.text());
      case OPENED -> new Event.Opened(revision, at);
      case COMMITTED -> committed(revision, at, in, runs);
      case CLAIM_GRANTED ->
          new Event.ClaimGranted(revision, at, key(in), in.text(), in.text(), in.varint(), in.varint());
      case CLAIM_RENEWED -> new Event.ClaimRenewed(revision, at, key(in), in.text());
      case CLAIM_RELEASED -> new Event.ClaimReleased(revision, at, key(in), in.text());
      case RECLAIMED -> reclaimed(revision, at, in);
      case REQUEST_REFUSED -> new Event.RequestRefused(revision, at, in.text(), in.text());
      case RESTORED -> new Event.Restored(revision, at, in.text());
      case FORGOTTEN -> new Event.Forgotten(revision, at, in.varint(), in.varint(), in.varint());
      case MOUNTED -> new Event.Mounted(revision, at, in.text(), new Mount(in.text(), in.text(), in.u8() == 1, in.u8() == 1));
      case UNMOUNTED -> new Event.Unmounted(revision, at, in.text(), in.text());
      case MIRRORED_THROUGH -> new Event.MirroredThrough(revision, at, in.text(), in.varint());
      case RETAINED -> new Event.Retained(revision, at, in.text(), in.text(), in.varint(), in.varint());
      case CONFIGURED -> new Event.Configured(revision, at, in.text(), in.text(), in.varint());
      case COMPACTED -> compacted(revision, at, in);
      default -> throw new IllegalArgumentException("event kind " + kind + " is not known to this version of mortmain");
    };
  }

  private static void reclaimed(Out out, Event.Reclaimed event) {
    out.text(event.requestId());
    out.text(event.by());
    out.text(event.reason());
    out.text(event.prefix());
    out.varint(event.keys().size());
    for (Event.Taken taken : event.keys()) {
      out.block(taken.key().utf8());
      out.varint(taken.epoch());
      out.text(taken.claimId());
      out.text(taken.holder());
    }
  }

  private static Event.Reclaimed reclaimed(long revision, long at, In in) {
    String requestId = in.text();
    String by = in.text();
    String reason = in.text();
    String prefix = in.text();
    int count = in.count();
    List<Event.Taken> keys = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      keys.add(new Event.Taken(key(in), in.varint(), in.text(), in.text()));
    }
    return new Event.Reclaimed(revision, at, requestId, by, reason, prefix, keys);
  }

  private static void committed(Out out, Event.Committed event, List<Piece> pieces, List<Run> runs) {
    out.text(event.requestId());
    out.varint(event.attempt());
    out.i64(event.fingerprint());
    out.text(event.writer());
    out.varint(event.meta().size());
    event.meta().forEach((name, value) -> {
      out.text(name);
      out.text(value);
    });
    out.varint(event.changes().size());
    int next = 0;
    for (Change change : event.changes()) {
      ChangeCodec.head(out, change);
      if (ChangeCodec.hasBytes(change.content())) {
        run(out, pieces.get(next++), runs);
      }
    }
  }

  private static Event.Committed committed(long revision, long at, In in, List<Run> runs) {
    String requestId = in.text();
    int attempt = in.count();
    long fingerprint = in.i64();
    String writer = in.text();
    int pairs = in.count();
    Map<String, String> meta = pairs == 0 ? Map.of() : new LinkedHashMap<>();
    for (int i = 0; i < pairs; i++) {
      meta.put(in.text(), in.text());
    }
    int count = in.count();
    List<Change> changes = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      changes.add(ChangeCodec.decode(in, runs));
    }
    return new Event.Committed(revision, at, requestId, attempt, fingerprint, writer, meta, changes);
  }

  private static void run(Out out, Piece piece, List<Run> runs) {
    out.i32(piece.crc());
    out.varint(piece.length());
    runs.add(new Run(piece, out.size()));
    out.raw(piece.held());
  }

  /** The piece keeps its bytes until the caller has looked at them. */
  static Piece run(In in, int level, List<Run> runs) {
    int crc = in.i32();
    int length = in.count();
    Piece piece = new Piece(length, crc, level);
    runs.add(new Run(piece, in.position()));
    piece.hold(in.raw(length));
    return piece;
  }

  private static Key key(In in) {
    return Key.trusted(in.block());
  }
}
