package mortmain.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.zip.CRC32C;
import mortmain.disk.Disk;
import mortmain.disk.DiskFile;
import mortmain.journal.Start;

/**
 * The file index/state: the state without its values, as of a revision, so that opening needs not replay what came before. {@link Aids} writes it
 * now and then, and when the store is closed. It is derived from the journal alone: missing, damaged, of another version or of segments that were
 * rewritten since, it is ignored. One that knows more than the journal means that the journal lost its end. Not forced: its checksums tell.
 *
 * <pre>
 *   0   8  magic "MORTIDX1"
 *   8   …  blocks: 4 length of the content, 4 CRC32C of the number of the block (4) and the content, the content; the last one is empty
 * first block: revision, then per segment its number and salt; the others: {@link Image}
 * </pre>
 */
final class Aid {
  static final String FOLDER = "index";
  static final String NAME = "state";
  private static final long MAGIC = 0x4D4F525449445831L; // "MORTIDX1"

  private Aid() {}

  /** It cannot be read: the journal tells all. */
  static final class Useless extends IOException {
    Useless(Throwable cause) {
      super(cause.getMessage(), cause);
    }
  }

  static boolean isThere(Disk disk, Path directory) throws IOException {
    return disk.exists(path(directory));
  }

  private static Path path(Path directory) {
    return directory.resolve(FOLDER).resolve(NAME);
  }

  /** What writing needs of the engine, which goes on meanwhile. */
  interface Host {
    void locked(Runnable action);

    /** Waits until everything up to a revision is durable, and known to be. */
    void durable(long revision);

    /** Called between two steps, without the lock; throws when it should end. {@code nanos}: how long the lock was held. */
    void pause(long nanos) throws IOException;
  }

  /** Writes it anew, as of one revision, and returns what it says; what fails leaves the old one. The caller lets no segment be rewritten meanwhile. */
  static Start write(Disk disk, Path directory, FileState state, Host host, Supplier<Map<Integer, Long>> salts) throws IOException {
    Path temporary = directory.resolve(FOLDER).resolve(NAME + ".tmp");
    disk.createDirectories(directory.resolve(FOLDER));
    if (disk.exists(temporary)) {
      disk.delete(temporary);
    }
    Capture[] capture = new Capture[1];
    host.locked(() -> capture[0] = new Capture(state));
    Start start;
    try (DiskFile file = disk.create(temporary)) {
      host.durable(capture[0].revision()); // nothing of it may be known that a crash takes back; and now all of it has its place
      start = new Start(capture[0].revision(), salts.get());
      Writer writer = new Writer(file);
      writer.block(head(start));
      capture[0].requests(start.segments().keySet(), host);
      for (boolean more = true; more; ) {
        List<byte[]> full = new ArrayList<>();
        boolean[] some = new boolean[1];
        long[] held = new long[1];
        host.locked(() -> {
          long before = System.nanoTime(); // waiting for the lock does not count
          some[0] = capture[0].some(full);
          held[0] = System.nanoTime() - before;
        });
        if (capture[0].isLost()) {
          throw new IOException("tombstones were forgotten meanwhile");
        }
        host.pause(held[0]);
        for (byte[] block : full) {
          writer.block(block);
        }
        more = some[0];
      }
      writer.block(new byte[0]);
    } finally {
      host.locked(capture[0]::end);
    }
    disk.rename(temporary, path(directory));
    return start;
  }

  private static byte[] head(Start start) {
    Out out = new Out(1024);
    out.varint(start.revision());
    out.varint(start.segments().size());
    start.segments().forEach((number, salt) -> {
      out.varint(number);
      out.i64(salt);
    });
    return out.toBytes();
  }

  /** Writes one block after the other. */
  private static final class Writer {
    private final DiskFile file;
    private long at = Long.BYTES;
    private int number;

    Writer(DiskFile file) throws IOException {
      this.file = file;
      file.writeFully(0, ByteBuffer.allocate(Long.BYTES).putLong(0, MAGIC));
    }

    void block(byte[] content) throws IOException {
      int length = content.length;
      ByteBuffer block = ByteBuffer.allocate(8 + length).putInt(length).putInt(crc(number++, content, length)).put(content);
      file.writeFully(at, block.flip());
      at += 8L + length;
    }
  }

  private static int crc(int number, byte[] content, int length) {
    CRC32C crc = new CRC32C();
    crc.update(ByteBuffer.allocate(4).putInt(0, number));
    crc.update(content, 0, length);
    return (int) crc.getValue();
  }

  /** Reads block by block. */
  static final class Reader {
    private final DiskFile file;
    private long at = Long.BYTES;
    private int number;
    private In in;

    Reader(DiskFile file) {
      this.file = file;
    }

    /** The block with the next record, null at the end. */
    In next() throws IOException {
      if (in != null && in.more()) {
        return in;
      }
      ByteBuffer head = ByteBuffer.allocate(8);
      file.readFully(at, head);
      int length = head.getInt(0);
      if (length < 0 || at + 8 + length > file.size()) {
        throw new IOException("a block that is longer than the file");
      }
      byte[] content = new byte[length];
      file.readFully(at + 8, ByteBuffer.wrap(content));
      if (head.getInt(4) != crc(number++, content, length)) {
        throw new IOException("a block whose checksum does not match");
      }
      at += 8L + length;
      in = new In(ByteBuffer.wrap(content));
      return length == 0 ? null : in;
    }
  }

  /** Fills an empty state; returns what it knows now. {@link Useless}: take another empty state. */
  static Start read(Disk disk, Path directory, FileState state, Clocks clocks) throws Useless {
    try (DiskFile file = disk.open(path(directory))) {
      ByteBuffer magic = ByteBuffer.allocate(Long.BYTES);
      file.readFully(0, magic);
      if (magic.getLong(0) != MAGIC) {
        throw new IOException("another format");
      }
      Reader reader = new Reader(file);
      In in = reader.next();
      if (in == null) {
        throw new IOException("an empty aid");
      }
      long revision = in.varint();
      int count = in.count();
      Map<Integer, Long> segments = new HashMap<>();
      for (int i = 0; i < count; i++) {
        segments.put(in.count(), in.i64());
      }
      new Image(state).read(reader, clocks);
      return new Start(revision, segments);
    } catch (IOException | RuntimeException e) {
      throw new Useless(e);
    }
  }
}
