package mortmain.file;

import java.util.zip.CRC32C;

/**
 * A run of bytes in the journal: a whole value, or some items of a list without its brackets. The place is set when the frame
 * is sealed, and again when compaction moves it. Until the frame is durable the bytes are held here; afterwards once they were read, as long as
 * the cache wants them.
 */
final class Piece {
  /** The level of a whole value, which no chunk ever swallows. */
  static final int WHOLE = 127;

  private final int length;
  private final int crc;
  private final byte level;
  /** Segment and offset in one: compaction moves pieces while others read them. */
  private volatile long place;
  private volatile byte[] bytes;
  private volatile boolean superseded;

  /** Its place in the cache's order, and null outside it. Guarded by the cache. */
  Piece newer;
  Piece older;

  /** A new piece, held in memory until it is durable. */
  Piece(byte[] bytes, int level) {
    this(bytes.length, crc(bytes), level);
    this.bytes = bytes;
  }

  /** A piece that lies in the journal. */
  Piece(int length, int crc, int level) {
    this.length = length;
    this.crc = crc;
    this.level = (byte) level;
  }

  static int crc(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, bytes.length);
    return (int) crc.getValue();
  }

  void place(int segment, int offset) {
    place = place(segment, (long) offset);
  }

  void move(long to) {
    place = to;
  }

  /** To be taken apart by {@link #segment} and {@link #offset}. */
  long place() {
    return place;
  }

  static long place(int segment, long offset) {
    return (long) segment << 32 | offset;
  }

  static int segment(long place) {
    return (int) (place >>> 32);
  }

  static int offset(long place) {
    return (int) place;
  }

  int length() {
    return length;
  }

  int crc() {
    return crc;
  }

  int level() {
    return level;
  }

  /** Its value was overwritten: memory is for those that are still read. */
  void supersede() {
    superseded = true;
  }

  boolean isSuperseded() {
    return superseded;
  }

  byte[] held() {
    return bytes;
  }

  void hold(byte[] held) {
    bytes = held;
  }
}
