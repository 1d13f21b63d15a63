package mortmain.model;

/**
 * An exclusive, expiring write grant.
 *
 * @param claimId 32 hex digits, random; never shown to others
 * @param holder a name, for people only
 * @param epoch the epoch it was made under
 * @param ttlMillis renewed for this long
 * @param expiresAt nanoseconds on the engine's clock
 * @param since microseconds since 1970
 * @param inherited granted before the last restart and not renewed after it
 */
public record Claim(String claimId, String holder, long epoch, long ttlMillis, long expiresAt, long since, boolean inherited) {
  /** This claim, renewed. */
  public Claim until(long expiry) {
    return new Claim(claimId, holder, epoch, ttlMillis, expiry, since, false);
  }
}
