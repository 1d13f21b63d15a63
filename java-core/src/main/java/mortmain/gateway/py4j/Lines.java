package mortmain.gateway.py4j;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import mortmain.gateway.frame.ByteBudget;
import mortmain.gateway.frame.Wire;

/** py4j's lines, bounded. One thread. */
final class Lines {
  /** Bytes of a line before authentication, as the protocol says. */
  static final int STRANGER = 4 << 10;

  private final Wire wire;
  private final ByteBudget budget;
  private int taken;

  Lines(Wire wire, ByteBudget budget) {
    this.wire = wire;
    this.budget = budget;
  }

  /** The peer broke the rules of the text protocol: the connection is not worth keeping. */
  static final class Broken extends IOException {
    Broken(String message) {
      super(message);
    }
  }

  /** The next line as text, or null when the peer closed in front of it. */
  String text(int limit) throws IOException {
    byte[] line = bytes(limit);
    return line == null ? null : new String(line, UTF_8);
  }

  /** A line that must be there. */
  String must(int limit) throws IOException {
    String line = text(limit);
    if (line == null) {
      throw new Broken("closed in the middle of a command");
    }
    return line;
  }

  /** The next line without its end, or null. A long line waits for its share of the memory for requests. */
  byte[] bytes(int limit) throws IOException {
    int seen = 0;
    while (true) {
      for (; seen < wire.available(); seen++) {
        if (wire.peek(seen) == '\n') {
          byte[] line = wire.copy(seen);
          wire.skip(seen + 1);
          return line;
        }
        if (seen == limit) {
          throw new Broken("a line of more than " + limit + " bytes");
        }
      }
      if (seen > Wire.OWN_BUFFER / 2 && taken == 0) {
        reserve(limit);
      }
      if (!wire.fill()) {
        return null;
      }
    }
  }

  private void reserve(int limit) throws IOException {
    try {
      taken = budget.take(limit);
    } catch (InterruptedException stopped) {
      throw new IOException("interrupted", stopped);
    }
  }

  /** A command is over: gives back the memory of its lines. */
  void release() {
    wire.shrink();
    if (taken > 0) {
      budget.free(taken);
      taken = 0;
    }
  }
}
