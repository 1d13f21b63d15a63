package mortmain.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Path;
import mortmain.gateway.py4j.UnixListener;

/** How to name a Unix socket: the kernel takes about a hundred bytes. Stateless. */
final class Sockets {
  private Sockets() {}

  /** A short enough path of the same file, or null. The kernel binds relative to the working directory, where the launcher put us. */
  static Path bindable(Path socket) {
    if (fits(socket)) {
      return socket;
    }
    try {
      Path here = Path.of("").toRealPath();
      Path there = socket.getParent().toRealPath().resolve(socket.getFileName());
      Path relative = here.relativize(there);
      return fits(relative) ? relative : null;
    } catch (IOException | IllegalArgumentException unrelated) {
      return null;
    }
  }

  private static boolean fits(Path path) {
    return path.toString().getBytes(UTF_8).length <= UnixListener.MAX_PATH;
  }
}
