package mortmain.model;

/**
 * Takes ownership away; exactly one of {@code key}, {@code prefix} and {@code holder} is not null.
 *
 * @param storeId the store that the request was made for, or null
 */
public record ReclaimRequest(Call call, Key key, String prefix, String holder, String writer, String reason, String storeId) {
  public ReclaimRequest(Call call, Key key, String prefix, String holder, String writer, String reason) {
    this(call, key, prefix, holder, writer, reason, null);
  }
}
