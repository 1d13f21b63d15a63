package mortmain.mirror;

import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/** Says what went wrong with a file: some exceptions name the file and nothing else. Stateless. */
public final class Said {
  private Said() {}

  public static String of(Exception e) {
    if (e instanceof NoSuchFileException) {
      return e.getMessage() + " does not exist";
    } else if (e instanceof AccessDeniedException) {
      return e.getMessage() + " may not be opened or written by the gateway";
    } else if (e instanceof FileSystemException file && file.getReason() == null) {
      return e.getClass().getSimpleName() + ": " + e.getMessage();
    }
    return e.getMessage() == null ? e.toString() : e.getMessage();
  }
}
