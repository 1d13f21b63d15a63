package mortmain.model;

/** Takes ownership away; exactly one of {@code key}, {@code prefix} and {@code holder} is not null. */
public record ReclaimRequest(Call call, Key key, String prefix, String holder, String writer, String reason) {}
