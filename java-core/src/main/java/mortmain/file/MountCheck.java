package mortmain.file;

import java.nio.file.Path;
import java.util.List;
import mortmain.model.Key;
import mortmain.model.Mount;
import mortmain.model.Rejection;

/** What a mount must be, beside those that there are: each key has at most one file, and each directory one mount. */
final class MountCheck {
  private MountCheck() {}

  static void require(Mount mount, Path state, List<Mount> others) {
    Key.checkedPrefix(mount.prefix());
    Path directory = Path.of(mount.directory());
    if (!directory.isAbsolute() || !directory.normalize().equals(directory)) {
      throw invalid("directory", "an absolute path without . and .. is needed");
    }
    if (overlap(directory, state)) {
      throw invalid("directory", directory + " and the state directory " + state + " must not lie in each other");
    }
    for (Mount other : others) {
      Path theirs = Path.of(other.directory());
      if (other.prefix().equals(mount.prefix())) {
        if (!theirs.equals(directory)) {
          throw invalid("prefix", said(mount) + " is mounted at " + theirs + ": unmount it first");
        }
      } else if (other.prefix().startsWith(mount.prefix()) || mount.prefix().startsWith(other.prefix())) {
        throw invalid("prefix", said(other) + " is mounted already: a key has at most one file");
      } else if (overlap(directory, theirs)) {
        throw invalid("directory", theirs + " holds the files of " + said(other));
      }
    }
  }

  private static boolean overlap(Path one, Path other) {
    return one.startsWith(other) || other.startsWith(one);
  }

  private static String said(Mount mount) {
    return "\"" + mount.prefix() + "\"";
  }

  private static RuntimeException invalid(String field, String reason) {
    return Rejection.invalid(field, reason).exception();
  }
}
