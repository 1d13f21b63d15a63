package mortmain.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import mortmain.disk.DiskFile;

/**
 * One segment file and what its header says.
 *
 * @param previousCrc the last CRC of the previous segment, as written
 * @param previousRevision the last revision before this segment
 * @param size of the file in bytes
 * @param rewritten null unless compaction wrote it
 */
record Segment(int number, long salt, long size, int previousCrc, long previousRevision, DiskFile file, Rewritten rewritten) {
  static final int HEADER = 512;
  /** Rewritten segments have numbers of their own: a place in one is never taken for a place in another file. */
  static final int FIRST_REWRITTEN = 50_000_000;

  private static final long MAGIC = 0x4D4F525453454731L; // "MORTSEG1"
  private static final int CRC_AT = 508;

  /**
   * What compaction left of one or more segments.
   *
   * @param originalCrc the last CRC of the last of them, which is what the successor names
   * @param lastRevision the last revision of the last of them
   * @param end of the last frame
   * @param lastCrc of the last frame
   * @param knew the revision that was durable when it was decided what is dead: a journal that ends before it has lost its end
   */
  record Rewritten(int originalCrc, long lastRevision, long end, int lastCrc, long knew) {}

  Segment(int number, long salt, long size, int previousCrc, long previousRevision, DiskFile file) {
    this(number, salt, size, previousCrc, previousRevision, file, null);
  }

  static boolean isRewritten(int number) {
    return number >= FIRST_REWRITTEN;
  }

  /** Writes the header; not forced. */
  void writeHeader() throws IOException {
    ByteBuffer header = ByteBuffer.allocate(HEADER);
    header.putLong(MAGIC).putInt(number).putInt(rewritten == null ? 0 : 1).putLong(salt).putLong(size).putInt(previousCrc);
    header.putInt(36, rewritten == null ? 0 : rewritten.originalCrc).putLong(40, previousRevision);
    if (rewritten != null) {
      header.putLong(48, rewritten.lastRevision).putLong(56, rewritten.end).putInt(64, rewritten.lastCrc).putLong(72, rewritten.knew);
    }
    header.putInt(CRC_AT, crc(header.array()));
    file.writeFully(0, header.clear());
  }

  /** Reads the header of a file, or returns null when it is not a valid header of that segment. */
  static Segment read(DiskFile file, int number) throws IOException {
    long size = file.size();
    if (size < HEADER) {
      return null;
    }
    ByteBuffer header = ByteBuffer.allocate(HEADER);
    file.readFully(0, header);
    header.clear();
    int flags = header.getInt(12);
    if (header.getLong(0) != MAGIC || header.getInt(CRC_AT) != crc(header.array()) || header.getInt(8) != number || (flags & ~1) != 0
        || (flags != 0 && !isRewritten(number))) {
      return null;
    }
    Rewritten rewritten =
        flags == 0 ? null : new Rewritten(header.getInt(36), header.getLong(48), header.getLong(56), header.getInt(64), header.getLong(72));
    return new Segment(number, header.getLong(16), header.getLong(24), header.getInt(32), header.getLong(40), file, rewritten);
  }

  private static int crc(byte[] header) {
    CRC32C crc = new CRC32C();
    crc.update(header, 0, CRC_AT);
    return (int) crc.getValue();
  }
}
