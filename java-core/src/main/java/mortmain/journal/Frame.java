package mortmain.journal;

/** Constants of the frame's byte table (see the package's page), and its arithmetic. */
final class Frame {
  static final int MAGIC = 0x4D46524D; // "MFRM"
  static final int END = 0x4D454E44; // "MEND"; its last byte is not zero, nor one bit away from it
  static final byte RECORDS = 1;
  static final byte MARK = 2;
  static final byte FOOTER = 3;
  static final byte HOLES = 4;

  static final int ALIGNMENT = 64;
  static final int SECTOR = 512;
  static final int HEADER = 44;
  static final int HEADER_CRC = 36;
  static final int FRAME_CRC = 40;
  static final int TRAILER = 8;
  static final int RECORD_PREFIX = 12;
  /** A frame's place is an int, so a segment, and with it a frame, stays below 2 GiB. */
  static final long LARGEST = 1L << 30;

  private Frame() {}

  /** Bytes of a frame with this much body, padding included. */
  static long length(long body) {
    return (HEADER + body + TRAILER + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }
}
