package mortmain.disk;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * Which file systems may hold a store. On network and user-space file systems a lock, a force or a rename may not mean what the journal
 * needs it to mean, so they are refused unless somebody asks for them by name. Stateless; safe for use by several threads.
 */
public final class FileSystems {
  private static final List<String> REFUSED = List.of("nfs", "cifs", "smb", "9p", "fuse", "virtiofs");

  private FileSystems() {}

  /** Throws {@link RemoteFileSystem} when the existing path lies on a refused file system and {@code allowed} is false. */
  public static void requireLocal(Path path, boolean allowed) throws IOException {
    String type = Files.getFileStore(path).type();
    if (!allowed && refused(type)) {
      throw new RemoteFileSystem(path, type);
    }
  }

  /** Whether a file system of this type, as {@link java.nio.file.FileStore#type} names it, is refused. */
  public static boolean refused(String type) {
    String name = type.toLowerCase(Locale.ROOT);
    return REFUSED.stream().anyMatch(name::startsWith);
  }

  /** The path lies on a file system whose locks and forces cannot be relied on. */
  public static final class RemoteFileSystem extends IOException {
    private final String type;

    RemoteFileSystem(Path path, String type) {
      super(path + " lies on " + type + ", where locks and fsync are not reliable; use a local directory, or allow " + type + " by name");
      this.type = type;
    }

    /** The type as the operating system names it. */
    public String type() {
      return type;
    }
  }
}
