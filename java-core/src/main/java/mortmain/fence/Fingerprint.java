package mortmain.fence;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;
import java.util.zip.Checksum;
import mortmain.model.Commit;
import mortmain.model.Guard;
import mortmain.model.Item;
import mortmain.model.Key;
import mortmain.model.Value;
import mortmain.model.Write;

/**
 * 64 bits of a commit's content: writer, meta, guards and writes; never since, attempt or deadline. Two checksums with hardware
 * support instead of a digest: it tells apart two uses of one id by mistake, not by an adversary, and 10 MB cost 2 ms.
 */
public final class Fingerprint {
  private final Checksum high = new CRC32C();
  private final Checksum low = new CRC32();
  private final ByteBuffer number = ByteBuffer.allocate(Long.BYTES);

  private Fingerprint() {}

  /** Never 0. */
  public static long of(Commit commit) {
    Fingerprint print = new Fingerprint();
    print.add(commit.writer());
    for (Map.Entry<String, String> pair : new TreeMap<>(commit.meta()).entrySet()) {
      print.add(pair.getKey());
      print.add(pair.getValue());
    }
    commit.guards().forEach(print::add);
    commit.writes().forEach(print::add);
    long value = print.high.getValue() << 32 | print.low.getValue();
    return value == 0 ? 1 : value;
  }

  /** The tag of the versions that a request writes: 64 bits of its id, never 0. */
  public static long tag(String requestId) {
    long hash = 0xcbf29ce484222325L;
    for (byte b : requestId.getBytes(UTF_8)) {
      hash = (hash ^ (b & 0xff)) * 0x100000001b3L;
    }
    hash = (hash ^ (hash >>> 33)) * 0xff51afd7ed558ccdL;
    hash = (hash ^ (hash >>> 33)) * 0xc4ceb9fe1a85ec53L;
    hash ^= hash >>> 33;
    return hash == 0 ? 1 : hash;
  }

  private void add(Guard guard) {
    add(guard.getClass().getSimpleName());
    if (guard instanceof Guard.OnKey onKey) {
      add(onKey.key());
    }
    if (guard instanceof Guard.VersionIs is) {
      add(is.version());
      add(is.tag());
    } else if (guard instanceof Guard.EpochIs is) {
      add(is.epoch());
    } else if (guard instanceof Guard.Holds holds) {
      add(holds.claimId());
    } else if (guard instanceof Guard.Follows follows) {
      add(follows.ticket().id());
      add(follows.ticket().version());
      add(follows.ticket().tag());
      add(follows.ticket().epoch());
    } else if (guard instanceof Guard.FieldsAre fields) {
      add(fields.version());
      add(fields.tag());
      add(fields.fields());
    } else if (guard instanceof Guard.UnchangedSince since) {
      add(since.prefix());
      add(since.revision());
    }
  }

  private void add(Write write) {
    add(write.getClass().getSimpleName());
    if (write instanceof Write.OnKey onKey) {
      add(onKey.key());
    }
    if (write instanceof Write.Put put) {
      add(put.value());
    } else if (write instanceof Write.Ensure ensure) {
      add(ensure.value());
    } else if (write instanceof Write.DeletePrefix delete) {
      add(delete.prefix());
    } else if (write instanceof Write.Append append) {
      add(append.items());
    } else if (write instanceof Write.Increment increment) {
      add(increment.by());
    } else if (write instanceof Write.AddToSet set) {
      add(List.of(set.member()));
    } else if (write instanceof Write.Merge merge) {
      add(merge.patch());
    } else if (write instanceof Write.Reduce reduce) {
      add(reduce.function());
      add(reduce.argument());
    }
  }

  private void add(List<Item> items) {
    for (Item item : items) {
      add(item.json());
      add(item.id() == null ? "" : item.id());
    }
  }

  private void add(Value value) {
    add(value.contentType());
    add(value.bytes());
  }

  private void add(Key key) {
    add(key.utf8());
  }

  private void add(String text) {
    add(text.getBytes(UTF_8));
  }

  private void add(byte[] bytes) {
    add(bytes.length);
    high.update(bytes, 0, bytes.length);
    low.update(bytes, 0, bytes.length);
  }

  private void add(long value) {
    number.clear().putLong(value);
    high.update(number.array(), 0, Long.BYTES);
    low.update(number.array(), 0, Long.BYTES);
  }
}
