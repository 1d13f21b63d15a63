package mortmain.journal;

import java.nio.file.Path;

/**
 * What {@link JournalRepair} did. Immutable.
 *
 * @param lastRevision the last one that was kept
 * @param segment the segment that is the last one now
 * @param offset where it was cut, in bytes
 * @param cutBytes how many bytes were copied or moved aside
 * @param lost the folder that holds them
 */
public record RepairReport(long lastRevision, int segment, long offset, long cutBytes, Path lost) {}
