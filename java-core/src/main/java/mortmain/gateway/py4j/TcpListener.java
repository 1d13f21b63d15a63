package mortmain.gateway.py4j;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/** Loopback TCP on a port that the system chooses. Without TCP_NODELAY each reply above 8 KiB would stall for 40 ms. */
public final class TcpListener implements Listener {
  private static final int BACKLOG = 512;

  private volatile int port = -1;

  @Override
  public ServerSocketChannel open() throws IOException {
    return ServerSocketChannel.open();
  }

  @Override
  public void bind(ServerSocketChannel channel) throws IOException {
    channel.bind(new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), 0), BACKLOG);
    port = ((InetSocketAddress) channel.getLocalAddress()).getPort();
  }

  @Override
  public boolean admit(SocketChannel channel) throws IOException {
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    return true;
  }

  @Override
  public boolean trusted() {
    return false;
  }

  @Override
  public int port() {
    return port;
  }
}
