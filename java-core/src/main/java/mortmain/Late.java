package mortmain;

/**
 * A function that runs for too long. Thread-safe.
 *
 * @param run what it is a link of
 * @param link which one, from 0
 */
public record Late(Reduction run, int link) {
  /** As {@link Reduction#number}. */
  public long number() {
    return run.number();
  }

  /**
   * Answers for it. True when its run was given up, now or before: the thread that runs it has no answer to give any more. False when that
   * thread has answered, and may be on its way to the next one.
   *
   * @param reason one sentence without its subject
   * @param shape what the links before this one made, as far as that is known, with {@code bytes} as {@link Reduction#done} takes them; the
   *     others, and those behind this one, run again
   */
  public boolean giveUp(String reason, String traceback, String shape, byte[] bytes) {
    return run.giveUp(link, reason, traceback, shape, bytes);
  }
}
