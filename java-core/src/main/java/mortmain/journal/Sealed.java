package mortmain.journal;

/**
 * A segment that takes no more frames. Immutable.
 *
 * @param number of it
 * @param bytes of its file
 * @param after the last revision before it
 * @param upTo the last revision that it was written for
 * @param rewritten whether compaction wrote it
 */
public record Sealed(int number, long bytes, long after, long upTo, boolean rewritten) {}
