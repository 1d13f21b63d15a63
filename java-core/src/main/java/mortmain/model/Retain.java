package mortmain.model;

/**
 * What history of the keys below a prefix is kept: the last {@code versions} of each, and what was current within the last {@code seconds}. Both 0
 * take the rule of the prefix back.
 */
public record Retain(String prefix, long versions, long seconds, String writer) {}
