package mortmain.model;

import java.util.Map;

/**
 * What happened to one key: a version was written, or it was reclaimed.
 *
 * @param key the key; of a reclaimed prefix the prefix itself, as text in {@code prefix}, and null here
 * @param prefix null but for a reclaimed prefix
 * @param version after the event
 * @param tag of that version, 0 of a reclamation
 * @param epoch of a write: the one it was committed under; of a reclamation: the new one, 0 for a prefix
 * @param at microseconds since 1970
 * @param writer who committed or reclaimed
 * @param size bytes of what was written: of the value, or of the list of the appended items; 0 of a delete or a reclamation
 * @param value what was written, if values were asked for: the whole value, or the list of the appended items
 * @param before of an append: the number of items that were in the list before; else -1
 * @param overwrite whether the writer said {@code overwrite=True}
 * @param holder of a reclamation: whose claim ended, or null
 * @param reason of a reclamation
 */
public record KeyEvent(
    Kind kind,
    Key key,
    String prefix,
    long version,
    long tag,
    long epoch,
    long revision,
    long at,
    String writer,
    String requestId,
    Map<String, String> meta,
    String contentType,
    long size,
    Value value,
    long before,
    boolean overwrite,
    String holder,
    String reason) {

  /** {@code DELTA}: evaluated by the engine on the value that was there. */
  public enum Kind {
    PUT,
    DELETE,
    DELTA,
    RECLAIM
  }
}
