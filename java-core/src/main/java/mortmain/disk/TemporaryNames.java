package mortmain.disk;

/** Names of files on their way to their own. Stateless. */
public final class TemporaryNames {
  private static final String BEGIN = ".mortmain-";
  private static final String END = ".tmp";

  private TemporaryNames() {}

  static String of(long number) {
    return BEGIN + Long.toHexString(number) + END;
  }

  /** Whether a name is one of ours, which are removed when they are found. */
  public static boolean is(String name) {
    return name.startsWith(BEGIN) && name.endsWith(END);
  }
}
