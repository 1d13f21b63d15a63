package mortmain.file;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import mortmain.file.SegmentTable.PrefixTaking;
import mortmain.file.SegmentTable.Row;
import mortmain.file.SegmentTable.Rows;
import mortmain.file.SegmentTable.Taking;
import mortmain.model.Event;
import mortmain.model.Key;

/**
 * The byte layout of a footer's content; all integers big-endian, offsets from the start of the content.
 * <pre>
 *  0   4  format, 2 (1: keys that were only claimed were not in it)
 *  4   4  number of keys K
 *  8   4  words of the Bloom filter W
 * 12   4  number of reclaimed prefixes
 * 16   4  offset of the reclaimed prefixes
 * 20   8  first revision
 * 28  8W  Bloom filter
 *     4K  offset of each key's block, in the order of keys
 *         per key: 2 length, the key, 4 number of versions, 4 number of reclamations;
 *                  per version, in order: 8 version, 8 revision, 4 offset of the record in the file; per reclamation: 8 revision, 8 epoch
 *         per reclaimed prefix: 8 revision, 2 length, the prefix
 * </pre>
 */
final class FooterCodec {
  static final int FORMAT = 2;
  static final int HEAD = 28;
  static final int ROW = 20;
  static final int TAKING = 16;
  /** Of a key, beside its bytes and its rows: with its place in the list of offsets. */
  static final int KEY = 14;
  /** In front of the rows of a block, behind the key. */
  static final int COUNTS = 8;

  private FooterCodec() {}

  static PrefixTaking prefixTaking(Event.Reclaimed event) {
    return new PrefixTaking(event.revision(), event.prefix().getBytes(UTF_8));
  }

  static long length(PrefixTaking taking) {
    return 10L + taking.prefix().length;
  }

  static byte[] encode(SortedMap<Key, Rows> keys, List<PrefixTaking> prefixes, long firstRevision) {
    int words = Bloom.words(keys.size());
    long size = HEAD + 8L * words;
    for (Map.Entry<Key, Rows> each : keys.entrySet()) {
      size += KEY + each.getKey().utf8().length + (long) ROW * each.getValue().count() + (long) TAKING * each.getValue().takings().size();
    }
    for (PrefixTaking taking : prefixes) {
      size += length(taking);
    }
    ByteBuffer out = ByteBuffer.allocate(Math.toIntExact(size));
    out.putInt(FORMAT).putInt(keys.size()).putInt(words).putInt(prefixes.size()).position(HEAD + 8 * words + 4 * keys.size());
    long[] bloom = new long[words];
    int index = HEAD + 8 * words;
    for (Map.Entry<Key, Rows> each : keys.entrySet()) {
      Bloom.add(bloom, each.getKey());
      out.putInt(index, out.position());
      index += 4;
      block(out, each.getKey(), each.getValue());
    }
    out.putInt(16, out.position()).putLong(20, firstRevision);
    for (PrefixTaking taking : prefixes) {
      out.putLong(taking.revision()).putShort((short) taking.prefix().length).put(taking.prefix());
    }
    for (int i = 0; i < words; i++) {
      out.putLong(HEAD + 8 * i, bloom[i]);
    }
    return out.array();
  }

  private static void block(ByteBuffer out, Key key, Rows rows) {
    out.putShort((short) key.utf8().length).put(key.utf8()).putInt(rows.count()).putInt(rows.takings().size());
    for (int i = 0; i < rows.count(); i++) {
      Row row = rows.row(i);
      out.putLong(row.version()).putLong(row.revision()).putInt(row.offset());
    }
    for (Taking taking : rows.takings()) {
      out.putLong(taking.revision()).putLong(taking.epoch());
    }
  }

  static List<PrefixTaking> prefixes(ByteBuffer content) {
    int count = content.getInt(12);
    List<PrefixTaking> prefixes = new ArrayList<>(count);
    ByteBuffer in = content.duplicate().position(content.getInt(16));
    for (int i = 0; i < count; i++) {
      long revision = in.getLong();
      byte[] prefix = new byte[in.getShort() & 0xffff];
      in.get(prefix);
      prefixes.add(new PrefixTaking(revision, prefix));
    }
    return prefixes;
  }
}
