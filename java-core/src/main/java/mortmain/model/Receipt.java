package mortmain.model;

import java.util.List;

/**
 * The acknowledgement of a commit: it is durable. {@code replayed}: this request had been committed before. {@code mirrored}: whether every
 * mirrored file shows it; null when no key of it is mounted.
 */
public record Receipt(String storeId, String requestId, long revision, boolean replayed, List<KeyReceipt> keys, Boolean mirrored) {

  public Receipt(String storeId, String requestId, long revision, boolean replayed, List<KeyReceipt> keys) {
    this(storeId, requestId, revision, replayed, keys, null);
  }

  /** {@code revision}: of the key's last commit. {@code result}: a JSON text or null. */
  public record KeyReceipt(Key key, long version, long tag, long epoch, long revision, String result) {}

  public Receipt asReplayed() {
    return new Receipt(storeId, requestId, revision, true, keys, mirrored);
  }

  public Receipt asMirrored(boolean all) {
    return new Receipt(storeId, requestId, revision, replayed, keys, all);
  }
}
