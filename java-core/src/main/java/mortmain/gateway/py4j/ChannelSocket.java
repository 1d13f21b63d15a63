package mortmain.gateway.py4j;

import java.io.IOException;
import java.net.Socket;
import java.nio.channels.SocketChannel;

/** A socket that py4j can hold for a channel, over TCP or a Unix path. It has no streams: connections use the channel. */
@SuppressWarnings("UnsynchronizedOverridesSynchronized") // a channel is thread-safe by itself, and closing must not wait
final class ChannelSocket extends Socket {
  private final SocketChannel channel;

  ChannelSocket(SocketChannel channel) {
    this.channel = channel;
  }

  @Override
  public SocketChannel getChannel() {
    return channel;
  }

  @Override
  public void setSoTimeout(int timeout) {
    // a channel knows no read timeout: Door closes those that do not authenticate
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
