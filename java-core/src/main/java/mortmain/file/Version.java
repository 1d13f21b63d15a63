package mortmain.file;

import java.util.Map;
import mortmain.value.Json;

/**
 * One version of a key. Immutable but for {@code older}, which is cut when the version before is no longer kept in memory.
 */
final class Version {
  final long version;
  final long tag;
  final long revision;
  final long committedAt;
  final String writer;
  final String contentType;
  final String ticketId;
  final Map<String, String> meta;

  /** Null: deleted. */
  final Content content;

  /** The shape of a JSON value, or null. */
  final Json.Shape shape;

  private Version older;
  private boolean cut;

  Version(
      long version,
      long tag,
      long revision,
      long committedAt,
      String writer,
      String contentType,
      String ticketId,
      Map<String, String> meta,
      Content content,
      Json.Shape shape,
      Version older) {
    this.version = version;
    this.tag = tag;
    this.revision = revision;
    this.committedAt = committedAt;
    this.writer = writer;
    this.contentType = contentType;
    this.ticketId = ticketId;
    this.meta = meta;
    this.content = content;
    this.shape = shape;
    this.older = older;
  }

  Version older() {
    return older;
  }

  /** Whether an older version was here and is gone. */
  boolean isCut() {
    return cut;
  }

  void cut() {
    cut = cut || older != null;
    older = null;
  }
}
