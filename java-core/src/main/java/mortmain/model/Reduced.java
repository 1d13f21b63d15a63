package mortmain.model;

/**
 * What a reducer made of a key's value: the value, or why it failed.
 *
 * @param version of the value that it was given, with its {@code tag}
 * @param value the new value, null for one that equals the old one or when it failed
 * @param failure null when it did not fail; what failed stays failed, whatever the key holds by then
 */
public record Reduced(long version, long tag, Value value, Failure failure) {}
