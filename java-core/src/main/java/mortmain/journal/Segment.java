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
 */
record Segment(int number, long salt, long size, int previousCrc, long previousRevision, DiskFile file) {
  static final int HEADER = 512;
  private static final long MAGIC = 0x4D4F525453454731L; // "MORTSEG1"
  private static final int CRC_AT = 508;

  /** Writes the header; not forced. */
  void writeHeader() throws IOException {
    ByteBuffer header = ByteBuffer.allocate(HEADER);
    header.putLong(MAGIC).putInt(number).putInt(0).putLong(salt).putLong(size).putInt(previousCrc).putInt(0).putLong(previousRevision);
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
    if (header.getLong(0) != MAGIC || header.getInt(CRC_AT) != crc(header.array()) || header.getInt(8) != number || header.getInt(12) != 0) {
      return null;
    }
    return new Segment(number, header.getLong(16), header.getLong(24), header.getInt(32), header.getLong(40), file);
  }

  private static int crc(byte[] header) {
    CRC32C crc = new CRC32C();
    crc.update(header, 0, CRC_AT);
    return (int) crc.getValue();
  }
}
