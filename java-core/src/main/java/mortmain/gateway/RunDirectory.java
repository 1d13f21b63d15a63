package mortmain.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import mortmain.gateway.frame.JsonWriter;
import mortmain.model.ErrorCode;
import mortmain.model.MortmainException;
import mortmain.model.Rejection;

/**
 * {@code run/} of a state directory: discovery, the socket, and why a start failed. Whoever can write there can pose as the gateway,
 * so it must be ours and closed to everybody else. Safe for several threads.
 */
final class RunDirectory {
  static final String SOCKET = "gateway.sock";
  private static final String DISCOVERY = "gateway.json";
  private static final String FAILURE = "failure.json";
  private static final Set<PosixFilePermission> PRIVATE_DIRECTORY = PosixFilePermissions.fromString("rwx------");
  private static final Set<PosixFilePermission> PRIVATE_FILE = PosixFilePermissions.fromString("rw-------");

  private final Path path;
  private UserPrincipal owner;

  private RunDirectory(Path path) {
    this.path = path;
  }

  /**
   * Creates {@code run/} if it is missing, and checks it.
   *
   * @throws MortmainException UNAVAILABLE, reason insecure-directory
   */
  static RunDirectory open(Path stateDirectory) throws IOException {
    RunDirectory run = new RunDirectory(stateDirectory.resolve("run"));
    boolean posix = stateDirectory.getFileSystem().supportedFileAttributeViews().contains("posix");
    try {
      if (posix) {
        Files.createDirectory(run.path, attribute(PRIVATE_DIRECTORY));
      } else {
        Files.createDirectory(run.path);
      }
    } catch (FileAlreadyExistsException there) {
      // checked below
    }
    if (posix) {
      run.check();
    }
    return run;
  }

  /** Whoever creates a file is its owner: so we learn who we are, in a container without a passwd file too. */
  private void check() throws IOException {
    PosixFileAttributes attributes = Files.readAttributes(path, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    if (!attributes.isDirectory()) {
      throw insecure("is not a directory");
    }
    for (PosixFilePermission permission : attributes.permissions()) {
      if (!PRIVATE_DIRECTORY.contains(permission)) {
        throw insecure("can be reached by other users: run `chmod 700 " + path + "`");
      }
    }
    Path probe = Files.createTempFile(path, "owner", null, attribute(PRIVATE_FILE));
    try {
      owner = Files.getOwner(probe);
    } finally {
      Files.delete(probe);
    }
    if (!attributes.owner().equals(owner)) {
      throw insecure("belongs to user " + attributes.owner().getName() + ", this process runs as " + owner.getName());
    }
  }

  private MortmainException insecure(String what) {
    return Rejection.of(ErrorCode.UNAVAILABLE, path + " " + what, Map.of("reason", "insecure-directory")).exception();
  }

  private static FileAttribute<Set<PosixFilePermission>> attribute(Set<PosixFilePermission> permissions) {
    return PosixFilePermissions.asFileAttribute(permissions);
  }

  Path path() {
    return path;
  }

  /** Our own user; null where the file system knows none. */
  UserPrincipal owner() {
    return owner;
  }

  /** Says where the gateway is: whole or not at all. An old failure is over. */
  void announce(Map<String, Object> discovery) throws IOException {
    Files.deleteIfExists(path.resolve(FAILURE)); // first: who sees the gateway sees no failure
    replace(DISCOVERY, discovery);
  }

  /** Says why a start failed, or why the gateway stopped by itself. */
  void fail(Rejection rejection, long atMicros) throws IOException {
    Map<String, Object> told = Failures.describe(rejection);
    told.put("at", atMicros);
    replace(FAILURE, told);
  }

  /** Whether clients can still find this gateway. */
  boolean announces(String instance) {
    try {
      return Files.readString(path.resolve(DISCOVERY)).contains("\"" + instance + "\"");
    } catch (IOException gone) {
      return false;
    }
  }

  /** A name in the file system, which whoever tidies up may remove; who is connected does not notice. */
  boolean hasSocket() {
    return Files.exists(path.resolve(SOCKET), LinkOption.NOFOLLOW_LINKS);
  }

  /** Takes discovery back, unless it is another gateway's by now. */
  void withdraw(String instance, boolean socket) throws IOException {
    if (announces(instance)) {
      Files.deleteIfExists(path.resolve(DISCOVERY));
      if (socket) {
        Files.deleteIfExists(path.resolve(SOCKET));
      }
    }
  }

  private void replace(String name, Map<String, Object> content) throws IOException {
    JsonWriter json = new JsonWriter(0, 1024);
    json.any(content);
    byte[] text = Arrays.copyOf(json.array(), json.end());
    Path fresh = owner == null ? Files.createTempFile(path, name, null) : Files.createTempFile(path, name, null, attribute(PRIVATE_FILE));
    try {
      Files.writeString(fresh, new String(text, UTF_8) + "\n");
      Files.move(fresh, path.resolve(name), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(fresh);
    }
  }
}
