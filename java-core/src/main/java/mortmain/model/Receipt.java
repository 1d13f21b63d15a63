package mortmain.model;

import java.util.List;

/** The acknowledgement of a commit: it is durable. {@code replayed}: this request had been committed before. */
public record Receipt(String storeId, String requestId, long revision, boolean replayed, List<KeyReceipt> keys) {

  /** {@code revision}: of the key's last commit. {@code result}: a JSON text or null. */
  public record KeyReceipt(Key key, long version, long tag, long epoch, long revision, String result) {}

  public Receipt asReplayed() {
    return new Receipt(storeId, requestId, revision, true, keys);
  }
}
