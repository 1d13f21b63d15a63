package mortmain;

/**
 * How often a test repeats itself. With the system property {@code mortmain.quick}, which {@code make check} sets, less often: what such a test
 * looks for is then found by luck or by {@code make test}.
 */
public final class Rounds {
  private static final boolean QUICK = Boolean.getBoolean("mortmain.quick");

  private Rounds() {}

  public static int of(int all, int quick) {
    return QUICK ? quick : all;
  }
}
