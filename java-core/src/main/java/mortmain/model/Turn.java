package mortmain.model;

/** A place at the head of a key's queue of updaters, and the snapshot to compute from (its force may be in flight). A hint only. */
public record Turn(long id, Reading reading) {}
