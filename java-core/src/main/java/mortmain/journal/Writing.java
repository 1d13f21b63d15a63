package mortmain.journal;

import java.io.IOException;

/** Where the leader of a group commit puts its batch. Used by one thread at a time. */
interface Writing {
  /** Places, writes and forces one frame. After any exception it must not be used for writing again. */
  void write(Batch batch) throws IOException;

  /** Nanoseconds of the last force of a frame. */
  long forceNanos();
}
