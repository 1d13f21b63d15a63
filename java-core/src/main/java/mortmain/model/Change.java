package mortmain.model;

import java.util.List;
import java.util.Map;

/**
 * What one commit did to one key.
 *
 * @param key the key
 * @param content what was written
 * @param version the version after the commit
 * @param tag of that version
 * @param epoch the key's epoch when it was committed
 * @param ticketId the ticket that the commit followed on this key, or null
 * @param result what the receipt says: a JSON text (length, number, true or false), or null
 * @param overwrite whether the writer said {@code overwrite=True}
 * @param delta whether the value was evaluated by the engine
 */
public record Change(
    Key key, Content content, long version, long tag, long epoch, String ticketId, String result, boolean overwrite, boolean delta) {

  /** The bytes of a change. */
  public sealed interface Content {}

  /** The whole new value. {@code ids}: of the list items in it that have one, with the hash of the item. */
  public record Whole(Value value, Map<String, Long> ids) implements Content {}

  public record Deleted() implements Content {}

  /** The write changed nothing; {@code revision}: of the key's last commit. */
  public record Kept(long revision) implements Content {}

  /** What was written is no longer kept; only its receipt is. */
  public record Dropped() implements Content {}

  /**
   * Items behind the list of {@code before} items, of which nothing but the ids is kept, with the hash of each: their bytes lie in a chunk by now.
   * {@code length}: what they took.
   */
  public record Hollow(long before, int items, int length, Map<String, Long> ids) implements Content {}

  /** Items behind the current list (of {@code before} items); on an absent key they make a new JSON list. {@code contentType}: of the list. */
  public record Appended(List<Item> items, long before, String contentType) implements Content {}
}
