package mortmain.journal;

import java.io.IOException;

/**
 * Bytes that were acknowledged, or may have been, are not what was written. Nothing was changed; the file is named relative to the store's
 * directory. Restore a backup, or cut the tail off on purpose with {@link JournalRepair}.
 */
public final class JournalDamaged extends IOException {
  /** The upper end of a range of revisions that nobody can tell any more. */
  public static final long UNKNOWN = -1;

  private final String file;
  private final long offset;
  private final long firstRevision;
  private final long lastRevision;

  JournalDamaged(String file, long offset, long firstRevision, long lastRevision, String reason) {
    super(file + " is damaged at byte " + offset + ": " + reason + " (revisions " + firstRevision + " to "
        + (lastRevision == UNKNOWN ? "unknown" : String.valueOf(lastRevision)) + "); restore a backup, or repair it on purpose");
    this.file = file;
    this.offset = offset;
    this.firstRevision = firstRevision;
    this.lastRevision = lastRevision;
  }

  public String file() {
    return file;
  }

  /** In bytes from the start of the file. */
  public long offset() {
    return offset;
  }

  /** The first revision that is affected. */
  public long firstRevision() {
    return firstRevision;
  }

  /** The last revision that is affected, or {@link #UNKNOWN}. */
  public long lastRevision() {
    return lastRevision;
  }
}
