package mortmain.model;

/** The final word on a request: its receipt, or null when it never commits. */
public record Resolution(Receipt receipt) {}
