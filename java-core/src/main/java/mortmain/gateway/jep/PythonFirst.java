package mortmain.gateway.jep;

import jep.ClassEnquirer;
import jep.ClassList;

/**
 * What Python may import from Java: all that jep finds, but for the packages of mortmain. jep asks before Python looks for a module, so that
 * {@code import mortmain} would be the Java package otherwise. Immutable, thread-safe.
 */
public final class PythonFirst implements ClassEnquirer {
  private static final String OURS = "mortmain";

  private final ClassEnquirer all = ClassList.getInstance();

  @Override
  public boolean isJavaPackage(String name) {
    return !name.equals(OURS) && !name.startsWith(OURS + ".") && all.isJavaPackage(name);
  }

  @Override
  public String[] getClassNames(String name) {
    return all.getClassNames(name);
  }

  @Override
  public String[] getSubPackages(String name) {
    return all.getSubPackages(name);
  }
}
