package mortmain.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousFileChannel;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

/**
 * A file of the local file system.
 *
 * <p>Why not a FileChannel: {@link Thread#interrupt} of a thread inside one of its calls closes it, for everybody, also when the flag was
 * clear at the start of the call. An asynchronous channel knows no interrupts, forces in the calling thread, and with
 * {@link SameThread} reads and writes there too, so it costs no wake-up. Safe for use by several threads.
 */
final class RealFile implements DiskFile {
  private final AsynchronousFileChannel channel;

  RealFile(AsynchronousFileChannel channel) {
    this.channel = channel;
  }

  @Override
  public int read(long position, ByteBuffer into) throws IOException {
    return result(channel.read(into, position));
  }

  @Override
  public int write(long position, ByteBuffer from) throws IOException {
    return result(channel.write(from, position));
  }

  @Override
  public long size() throws IOException {
    return channel.size();
  }

  @Override
  public void force() throws IOException {
    channel.force(false);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  private static int result(Future<Integer> call) throws IOException {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return call.get();
        } catch (InterruptedException e) {
          interrupted = true; // only where the call runs elsewhere (Windows); the buffer is in use until it ends
        } catch (ExecutionException e) {
          throw new IOException(e.getCause().getMessage(), e.getCause());
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
