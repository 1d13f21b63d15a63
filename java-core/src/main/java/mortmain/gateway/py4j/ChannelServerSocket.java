package mortmain.gateway.py4j;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.locks.LockSupport;

/**
 * The listening side of either transport. py4j's server ends for good when {@code accept} throws, so that a shortage of file
 * descriptors is waited out here.
 */
@SuppressWarnings("UnsynchronizedOverridesSynchronized") // nothing here has state of its own
final class ChannelServerSocket extends ServerSocket {
  private static final long PAUSE_NANOS = 50_000_000;

  private final Listener listener;
  private final ServerSocketChannel channel;

  ChannelServerSocket(Listener listener) throws IOException {
    this.listener = listener;
    this.channel = listener.open();
  }

  @Override
  public void bind(SocketAddress ignored, int backlog) throws IOException {
    listener.bind(channel);
  }

  @Override
  public Socket accept() throws IOException {
    while (true) {
      SocketChannel accepted = null;
      try {
        accepted = channel.accept();
        if (listener.admit(accepted)) {
          return new ChannelSocket(accepted);
        }
        accepted.close();
      } catch (IOException | RuntimeException e) {
        if (accepted != null) {
          accepted.close();
        }
        if (!channel.isOpen()) {
          throw new SocketException("Socket closed"); // py4j looks for these words
        }
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    }
  }

  @Override
  public void setSoTimeout(int timeout) {
    // accept waits for ever
  }

  @Override
  public void setReuseAddress(boolean on) {
    // the listener sets what its transport knows
  }

  @Override
  public boolean isBound() {
    return channel.isOpen();
  }

  @Override
  public int getLocalPort() {
    return listener.port();
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  @Override
  public boolean isClosed() {
    return !channel.isOpen();
  }
}
