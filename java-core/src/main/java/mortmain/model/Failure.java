package mortmain.model;

import java.util.Map;

/**
 * One reason of a rejection. {@code details}: plain scalars by the names of the wire contract ({@code expected, actual, winner, epoch,
 * current_epoch, holder, …}); {@code sentence}: one that a person or a language model can act on.
 */
public record Failure(ErrorCode code, Key key, Map<String, Object> details, String sentence) {}
