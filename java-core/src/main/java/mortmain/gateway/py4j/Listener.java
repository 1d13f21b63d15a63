package mortmain.gateway.py4j;

import java.io.IOException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/** One transport: how to listen, and whom to let in. Used by the accepting thread, except {@link #port()}. */
public interface Listener {
  ServerSocketChannel open() throws IOException;

  void bind(ServerSocketChannel channel) throws IOException;

  /** Prepares an accepted connection; false to close it. */
  boolean admit(SocketChannel channel) throws IOException;

  /** Whether the kernel vouches for the peer, so that nothing else is asked for. */
  boolean trusted();

  /** The TCP port, or -1. */
  int port();
}
