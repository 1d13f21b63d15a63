package mortmain.journal;

/**
 * What a backup holds. Immutable.
 *
 * @param store the word that was given when it was taken
 * @param revision the last one in it
 * @param takenAt microseconds since 1970 (UTC)
 * @param bytes of frames, padding included
 */
public record BackupReport(String store, long revision, long takenAt, int segments, long frames, long records, long bytes) {}
