package mortmain.model;

/** A rejection, thrown by {@code Store}. It has no stack trace: conflicts are normal and cheap. Safe to share. */
public final class MortmainException extends RuntimeException {
  private final transient Rejection rejection;

  public MortmainException(Rejection rejection) {
    this(rejection, null);
  }

  public MortmainException(Rejection rejection, Throwable cause) {
    super(rejection.message(), cause, false, cause != null);
    this.rejection = rejection;
  }

  public Rejection rejection() {
    return rejection;
  }

  public ErrorCode code() {
    return rejection.code();
  }
}
