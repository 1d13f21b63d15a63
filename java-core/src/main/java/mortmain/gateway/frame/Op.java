package mortmain.gateway.frame;

import java.util.Locale;

/** The operations of the wire contract; the numbers never change. Immutable. */
public enum Op {
  HELLO(1),
  READ(2),
  COMMIT(3),
  CLAIM(4),
  RENEW(5),
  RELEASE(6),
  RECLAIM(7),
  CHECK(8),
  SCAN(9),
  RESOLVE(10),
  CLAIMS(11),
  INFO(12),
  VERIFY(13),
  STOP(14),
  TURN(15),
  PING(16),
  TURN_END(17),
  HISTORY(18),
  WATCH(19),
  MOUNT(20),
  UNMOUNT(21),
  ADOPT(22),
  BACKUP(30),
  CONTENTION(31),
  RETAIN(40),
  CONFIGURE(41),
  COMPACT(42);

  private static final Op[] BY_CODE = new Op[256];

  static {
    for (Op op : values()) {
      BY_CODE[op.code] = op;
    }
  }

  private final int code;
  private final String label;

  Op(int code) {
    this.code = code;
    this.label = name().toLowerCase(Locale.ROOT);
  }

  /** The number on the wire. */
  public int code() {
    return code;
  }

  /** The name in counters: lower case. */
  public String label() {
    return label;
  }

  /** The operation of a number, or null. */
  public static Op of(int code) {
    return code >= 0 && code < BY_CODE.length ? BY_CODE[code] : null;
  }
}
