package mortmain.file;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import mortmain.model.Change;
import mortmain.model.Item;
import mortmain.model.Key;
import mortmain.model.Value;

/** The byte layout of one change inside a commit event; the bytes of its value follow as a run. */
final class ChangeCodec {
  private static final int KEPT = 0;
  private static final int WHOLE = 1;
  private static final int DELETED = 2;
  private static final int APPENDED = 3;
  private static final int DROPPED = 4;
  private static final int HOLLOW = 5;
  private static final int OVERWRITE = 0x10;
  private static final int DELTA = 0x20;
  /** The list that was appended to has another content type than JSON. */
  private static final int TYPED = 0x40;

  private ChangeCodec() {}

  static boolean hasBytes(Change.Content content) {
    return content instanceof Change.Whole || content instanceof Change.Appended;
  }

  /** The bytes that a change brings, or null. */
  static Piece piece(Change.Content content) {
    if (content instanceof Change.Whole whole) {
      return new Piece(whole.value().bytes(), Piece.WHOLE);
    }
    return content instanceof Change.Appended appended ? new Piece(joined(appended.items()), 0) : null;
  }

  private static int kind(Change.Content content) {
    if (content instanceof Change.Whole) {
      return WHOLE;
    } else if (content instanceof Change.Deleted) {
      return DELETED;
    } else if (content instanceof Change.Kept) {
      return KEPT;
    } else if (content instanceof Change.Dropped) {
      return DROPPED;
    }
    return content instanceof Change.Hollow ? HOLLOW : APPENDED;
  }

  static void head(Out out, Change change) {
    Change.Content content = change.content();
    boolean typed = content instanceof Change.Appended to && !to.contentType().equals(Value.JSON);
    out.u8(kind(content) | (change.overwrite() ? OVERWRITE : 0) | (change.delta() ? DELTA : 0) | (typed ? TYPED : 0));
    out.block(change.key().utf8());
    out.varint(change.version());
    out.i64(change.tag());
    out.varint(change.epoch());
    out.text(change.ticketId());
    out.text(change.result());
    if (content instanceof Change.Whole whole) {
      out.text(whole.value().contentType());
      ids(out, whole.ids());
    } else if (content instanceof Change.Kept kept) {
      out.varint(kept.revision());
    } else if (content instanceof Change.Appended appended) {
      if (typed) {
        out.text(appended.contentType());
      }
      out.varint(appended.before());
      out.varint(appended.items().size());
      for (Item item : appended.items()) {
        out.varint(item.json().length);
        out.text(item.id());
      }
    } else if (content instanceof Change.Hollow hollow) {
      out.varint(hollow.before());
      out.varint(hollow.items());
      out.varint(hollow.length());
      ids(out, hollow.ids());
    }
  }

  private static void ids(Out out, Map<String, Long> ids) {
    out.varint(ids.size());
    ids.forEach((id, hash) -> {
      out.text(id);
      out.i64(hash);
    });
  }

  private static Map<String, Long> ids(In in) {
    int count = in.count();
    Map<String, Long> ids = count == 0 ? Map.of() : new LinkedHashMap<>();
    for (int i = 0; i < count; i++) {
      ids.put(in.text(), in.i64());
    }
    return ids;
  }

  static Change decode(In in, List<EventCodec.Run> runs) {
    int flags = in.u8();
    Key key = Key.trusted(in.block());
    long version = in.varint();
    long tag = in.i64();
    long epoch = in.varint();
    String ticketId = in.text();
    String result = in.text();
    Change.Content content = content(flags, in, runs);
    return new Change(
        key, content, version, tag, epoch, ticketId, result, (flags & OVERWRITE) != 0, (flags & DELTA) != 0);
  }

  private static Change.Content content(int flags, In in, List<EventCodec.Run> runs) {
    return switch (flags & 0xf) {
      case KEPT -> new Change.Kept(in.varint());
      case DELETED -> new Change.Deleted();
      case WHOLE -> {
        String contentType = in.text();
        Map<String, Long> ids = ids(in);
        yield new Change.Whole(new Value(contentType, EventCodec.run(in, Piece.WHOLE, runs).held()), ids);
      }
      case APPENDED -> appended((flags & TYPED) != 0 ? in.text() : Value.JSON, in, runs);
      case DROPPED -> new Change.Dropped();
      case HOLLOW -> new Change.Hollow(in.varint(), in.count(), in.count(), ids(in));
      default -> throw new IllegalArgumentException("change kind " + (flags & 0xf) + " is not known to this version of mortmain");
    };
  }

  private static Change.Appended appended(String contentType, In in, List<EventCodec.Run> runs) {
    long before = in.varint();
    int count = in.count();
    int[] lengths = new int[count];
    String[] ids = new String[count];
    for (int i = 0; i < count; i++) {
      lengths[i] = in.count();
      ids[i] = in.text();
    }
    byte[] joined = EventCodec.run(in, 0, runs).held();
    List<Item> items = new ArrayList<>(count);
    int at = 0;
    for (int i = 0; i < count; i++) {
      items.add(new Item(Arrays.copyOfRange(joined, at, at + lengths[i]), ids[i]));
      at += lengths[i] + 1;
    }
    return new Change.Appended(items, before, contentType);
  }

  private static byte[] joined(List<Item> items) {
    Out out = new Out(items.stream().mapToInt(item -> item.json().length + 1).sum());
    for (int i = 0; i < items.size(); i++) {
      if (i > 0) {
        out.u8(',');
      }
      out.raw(items.get(i).json());
    }
    return out.toBytes();
  }
}
