package mortmain.journal;

/**
 * What {@link Journal#verify} walked over without finding damage. Immutable.
 *
 * @param bytes of frames, padding included
 * @param firstRevision 0 when there is none
 * @param lastRevision 0 when there is none
 */
public record VerifyReport(int segments, long frames, long records, long bytes, long firstRevision, long lastRevision) {}
