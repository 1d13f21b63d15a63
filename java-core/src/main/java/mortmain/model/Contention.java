package mortmain.model;

import java.util.Map;

/**
 * A key that several agents wanted at the same time. Immutable.
 *
 * @param writers by agent, how often it wrote the key
 * @param conflicts by code, how often a request about the key was rejected
 * @param rejected by agent, how often that happened to it
 * @param overwrites how many of the writes were made without a base ({@code overwrite=True})
 * @param last the newest rejection, or null
 */
public record Contention(
    Key key, Map<String, Long> writers, Map<ErrorCode, Long> conflicts, Map<String, Long> rejected, long overwrites, Lost last) {

  /**
   * One rejection.
   *
   * @param base the version that it presented, or null
   * @param winner who wrote the version that it met, or who holds the key; or null
   * @param ago nanoseconds since
   */
  public record Lost(String agent, ErrorCode code, Long base, String winner, long ago) {}

  public long conflictCount() {
    return conflicts.values().stream().mapToLong(Long::longValue).sum();
  }
}
