package mortmain.gateway.py4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserPrincipal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whom the kernel's word lets in over the Unix socket. */
final class UnixPeerTest {
  @TempDir private Path directory;

  private boolean admitted(UserPrincipal owner) throws IOException {
    Path socket = directory.resolve("s");
    UnixListener listener = new UnixListener(socket, owner);
    try (ServerSocketChannel server = listener.open()) {
      listener.bind(server);
      try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(socket));
          SocketChannel accepted = server.accept()) {
        assertTrue(client.isConnected());
        return listener.admit(accepted);
      }
    }
  }

  @Test
  void sameUserIsAdmitted() throws IOException {
    assertTrue(admitted(Files.getOwner(directory)));
  }

  @Test
  void anotherUserIsAdmittedOnlyIfItIsRoot() throws IOException {
    boolean weAreRoot = Files.getOwner(directory).getName().equals("root");
    UserPrincipal somebody = () -> "somebody";
    assertEquals(weAreRoot, admitted(somebody));
  }

  @Test
  void whatLiesAtThePathIsReplaced() throws IOException {
    Files.writeString(directory.resolve("s"), "a socket that a killed gateway left");
    assertTrue(admitted(Files.getOwner(directory)));
  }
}
