package mortmain.model;

/** What others may see of a claim. Times in milliseconds, {@code since} in microseconds since 1970. */
public record ClaimInfo(Key key, String holder, long epoch, long ttlMillis, long remainingMillis, long since) {}
