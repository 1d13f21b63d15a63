package mortmain.model;

/** The right to go on from one read over several commits; {@code id} is opaque, 1 to 128 characters. */
public record Ticket(String id, long version, long tag, long epoch) {}
