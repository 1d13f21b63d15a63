package mortmain.journal;

import java.io.IOException;

/** A segment was rewritten, and its file is gone: what was kept of it has another place now. */
public final class NoSegment extends IOException {
  NoSegment(int number) {
    super("there is no segment " + number + " any more");
  }
}
