package mortmain.gateway.py4j;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserPrincipal;
import jdk.net.ExtendedSocketOptions;

/** A Unix socket whose peers the kernel names: our own user or root, nobody else. */
public final class UnixListener implements Listener {
  /** Bytes of a path that every kernel takes: Linux has 108 with the closing zero, macOS 104. */
  public static final int MAX_PATH = 103;

  private static final int BACKLOG = 512;

  private final Path path;
  private final UserPrincipal owner;

  /**
   * @param path where to bind, perhaps relative to the working directory; what lies there is replaced
   * @param owner our own user
   */
  public UnixListener(Path path, UserPrincipal owner) {
    this.path = path;
    this.owner = owner;
  }

  @Override
  public ServerSocketChannel open() throws IOException {
    return ServerSocketChannel.open(StandardProtocolFamily.UNIX);
  }

  @Override
  public void bind(ServerSocketChannel channel) throws IOException {
    Files.deleteIfExists(path);
    channel.bind(UnixDomainSocketAddress.of(path), BACKLOG);
  }

  @Override
  public boolean admit(SocketChannel channel) throws IOException {
    UserPrincipal peer = channel.getOption(ExtendedSocketOptions.SO_PEERCRED).user();
    return peer.equals(owner) || peer.getName().equals("root") || peer.getName().equals("0");
  }

  @Override
  public boolean trusted() {
    return true;
  }

  @Override
  public int port() {
    return -1;
  }
}
