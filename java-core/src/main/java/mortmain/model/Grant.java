package mortmain.model;

/** A granted claim and the snapshot that it starts from. */
public record Grant(Claim claim, Reading reading) {}
