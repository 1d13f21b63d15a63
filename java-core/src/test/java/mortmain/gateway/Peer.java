package mortmain.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Base64;
import mortmain.gateway.py4j.Secrets;

/** A raw client: sends what it is told and reads what comes. One thread. */
public final class Peer implements AutoCloseable {
  private static final long PATIENCE_MILLIS = 60_000;

  private final SocketChannel channel;
  private final DataInputStream in;
  private final Thread guard;

  private Peer(SocketAddress address) throws IOException {
    channel = SocketChannel.open(address);
    in = new DataInputStream(new Unbuffered(channel));
    guard = new Thread(this::closeLate, "peer-guard"); // a test hangs never
    guard.setDaemon(true);
    guard.start();
  }

  public static Peer tcp(int port) throws IOException {
    return new Peer(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
  }

  public static Peer unix(Path path) throws IOException {
    return new Peer(UnixDomainSocketAddress.of(path));
  }

  private void closeLate() {
    try {
      Thread.sleep(PATIENCE_MILLIS);
      channel.close();
    } catch (InterruptedException | IOException over) {
      Thread.currentThread().interrupt();
    }
  }

  /** Sends a text as it is. */
  public Peer say(String text) throws IOException {
    return send(text.getBytes(UTF_8));
  }

  public Peer send(byte[] bytes) throws IOException {
    ByteBuffer out = ByteBuffer.wrap(bytes);
    while (out.hasRemaining()) {
      channel.write(out);
    }
    return this;
  }

  /** The next line without its end; null when the other side has closed. */
  public String line() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    while (true) {
      int next = nextByte();
      if (next < 0) {
        return line.size() == 0 ? null : line.toString(UTF_8);
      }
      if (next == '\n') {
        return line.toString(UTF_8);
      }
      line.write(next);
    }
  }

  private int nextByte() {
    try {
      return in.read();
    } catch (IOException reset) {
      return -1; // closed with bytes unread is a reset on TCP
    }
  }

  public String ask(String text) throws IOException {
    return say(text).line();
  }

  /** Whether the other side closes without saying anything more. */
  public boolean isClosed() {
    return nextByte() < 0;
  }

  /** Our client's way in over TCP: both sides prove the word. */
  public Peer prove(String word, String instance) throws IOException {
    String nonce = Secrets.random(32);
    String answer = ask("M\n" + nonce + "\ne\n");
    String theirs = answer.substring(2, 66);
    if (!answer.substring(66).equals(Secrets.proof(word, "gateway", nonce, theirs, instance))) {
      throw new IOException("the gateway does not know the word");
    }
    expect("!yv", ask("P\n" + Secrets.proof(word, "client", nonce, theirs, instance) + "\ne\n"));
    return this;
  }

  /** The way in of py4j's Python client. */
  public Peer word(String word) throws IOException {
    expect("!yv", ask("A\n" + word + "\n"));
    return this;
  }

  public Peer upgrade() throws IOException {
    expect("!yv", ask("B\n1\ne\n"));
    return this;
  }

  private static void expect(String wanted, String got) throws IOException {
    if (!wanted.equals(got)) {
      throw new IOException("expected " + wanted + ", got " + got);
    }
  }

  /** Sends a frame behind its length. */
  public Peer sendFrame(byte[] frame) throws IOException {
    return send(ByteBuffer.allocate(4 + frame.length).putInt(frame.length).put(frame).array());
  }

  /** The next frame, or null when the other side has closed. */
  public Answer frame() throws IOException {
    try {
      return new Answer(in.readNBytes(in.readInt()));
    } catch (EOFException closed) {
      return null;
    }
  }

  public Answer call(byte[] frame) throws IOException {
    return sendFrame(frame).frame();
  }

  /** {@code call(bytes)} as a stock client makes it. */
  public Answer callText(byte[] frame) throws IOException {
    String line = ask("c\nt\ncall\nj" + Base64.getEncoder().encodeToString(frame) + "\ne\n");
    if (line == null || !line.startsWith("!yj")) {
      throw new IOException("no bytes: " + line);
    }
    return new Answer(Base64.getDecoder().decode(line.substring(3)));
  }

  /** Closes our sending side only. */
  public Peer endOutput() throws IOException {
    channel.shutdownOutput();
    return this;
  }

  @Override
  public void close() throws IOException {
    guard.interrupt();
    channel.close();
  }

  /** A channel's own stream locks out writers while it reads. */
  private static final class Unbuffered extends InputStream {
    private final SocketChannel channel;

    Unbuffered(SocketChannel channel) {
      this.channel = channel;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
    }

    @Override
    public int read(byte[] into, int at, int length) throws IOException {
      return channel.read(ByteBuffer.wrap(into, at, length));
    }
  }
}
