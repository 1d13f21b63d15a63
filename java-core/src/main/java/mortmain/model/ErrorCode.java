package mortmain.model;

/** The wire contract of errors: one code, one exception class in each language, one advice. */
public enum ErrorCode {
  INVALID(Retry.NEVER),
  TOO_LARGE(Retry.NEVER),
  STORE_CHANGED(Retry.REREAD),
  REQUEST_ID_REUSED(Retry.NEVER),
  REQUEST_ID_EXPIRED(Retry.NEVER),
  READ_ONLY(Retry.NEVER),
  FOREIGN_EDIT(Retry.ADOPT),
  FENCED(Retry.REREAD),
  CLAIM_LOST(Retry.CLAIM),
  CLAIM_HELD(Retry.WAIT),
  VERSION_CONFLICT(Retry.REREAD),
  WRONG_TYPE(Retry.NEVER),
  REFUSED_VALUE(Retry.NEVER),
  COMPACTED(Retry.NEVER),
  CORRUPT(Retry.NEVER),
  UNCONFIRMED(Retry.RESOLVE),
  UNAVAILABLE(Retry.AGAIN),
  UNSUPPORTED(Retry.NEVER),
  CLOSED(Retry.NEVER);

  /** What a program does next. */
  public enum Retry {
    NEVER,
    REREAD,
    CLAIM,
    WAIT,
    ADOPT,
    RESOLVE,
    AGAIN
  }

  private final Retry retry;

  ErrorCode(Retry retry) {
    this.retry = retry;
  }

  /** The advice of this code; FENCED through a claim advises CLAIM instead (see {@link Rejection}). */
  public Retry retry() {
    return retry;
  }
}
