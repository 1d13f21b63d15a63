package mortmain.model;

import java.util.Map;

/**
 * What a read returns of one key.
 *
 * @param value null when the key is absent or values were not asked for
 * @param revision of the key's last commit, 0 if it never had one
 * @param committedAt microseconds since 1970, 0 if never
 * @param partial only a part of the value was read; no base
 */
public record Snapshot(
    Key key,
    boolean exists,
    Value value,
    String contentType,
    long version,
    long tag,
    long epoch,
    long revision,
    String writer,
    long committedAt,
    Map<String, String> meta,
    boolean partial) {}
