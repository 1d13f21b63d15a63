package mortmain.journal;

/**
 * The journal took no more after its first failed write or force, or it is closed. Never try again in this process: the kernel may have
 * marked the page clean, so that a second force would succeed without the data. End the process; the next open decides what survived.
 */
public final class JournalPoisoned extends RuntimeException {
  private final boolean inFlight;

  JournalPoisoned(String message, boolean inFlight, Throwable cause) {
    super(message, cause);
    this.inFlight = inFlight;
  }

  /**
   * True: the record's frame was handed to the disk when the failure came, so whether it is durable is not known until the next open. False:
   * it never was, so it is certainly lost.
   */
  public boolean inFlight() {
    return inFlight;
  }
}
