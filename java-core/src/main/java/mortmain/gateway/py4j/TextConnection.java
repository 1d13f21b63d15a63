package mortmain.gateway.py4j;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.Socket;
import java.util.logging.Level;
import java.util.logging.Logger;
import mortmain.gateway.frame.FrameConnection;
import mortmain.gateway.frame.Session;
import mortmain.gateway.frame.Wire;
import py4j.Py4JServerConnection;

/**
 * One connection, which begins with py4j's text lines: authenticate, then call the entry point or upgrade to frames. It is not a
 * subclass of py4j's own connection, which would bring its fourteen commands along. Its thread runs it; {@link #shutdown()} may be
 * called by any other.
 */
final class TextConnection implements Py4JServerConnection, Runnable {
  private static final String DONE = "!yv\n";
  private static final String END = "e";
  private static final int NONCE = 64;

  private final LockedServer server;
  private final Socket socket;
  private final Wire wire;
  private final Lines lines;
  private final Session session = new Session();
  private final TextCalls calls;
  private volatile boolean authenticated;
  private volatile FrameConnection frames;
  private String expectedProof;
  private boolean asked;
  private boolean endMayFollow;

  TextConnection(LockedServer server, Socket socket) {
    this.server = server;
    this.socket = socket;
    this.wire = new Wire(socket.getChannel());
    this.lines = new Lines(wire, server.budget());
    this.calls = new TextCalls(server, lines, wire, session);
  }

  @Override
  public void run() {
    try {
      while (command()) {
        lines.release();
      }
    } catch (Lines.Broken broken) {
      lastWord(broken);
    } catch (IOException gone) {
      // nobody is left to tell
    } catch (RuntimeException | Error bug) {
      Logger.getLogger("mortmain.gateway").log(Level.SEVERE, "a connection failed unexpectedly", bug);
    } finally {
      lines.release();
      FrameConnection upgraded = frames;
      if (upgraded == null) {
        over();
      } else {
        upgraded.start();
      }
    }
  }

  private void over() {
    wire.close();
    server.gone(this);
    server.handler().closed(session);
  }

  private void lastWord(Lines.Broken broken) {
    try {
      if (authenticated) {
        send(TextCalls.error(broken.getMessage()));
      }
    } catch (IOException gone) {
      // then it does not learn why
    }
  }

  /** Handles one command; false when the connection is over. */
  private boolean command() throws IOException {
    String command = lines.text(Lines.STRANGER);
    if (command == null) {
      return false;
    }
    boolean leftOver = endMayFollow && command.equals(END);
    endMayFollow = false;
    if (leftOver) {
      return true;
    }
    if (!authenticated) {
      return prove(command);
    }
    return switch (command) {
      case "A" -> word();
      case "B" -> upgrade();
      case "M" -> challenge();
      case "q" -> false;
      default -> calls.command(command);
    };
  }

  private boolean prove(String command) throws IOException {
    return switch (command) {
      case "A" -> word();
      case "M" -> challenge();
      case "P" -> proof();
      default -> refuse("Authentication error: unexpected command.");
    };
  }

  /** py4j's own way: the word itself. Its Python client sends no end after it, its Java client does. */
  private boolean word() throws IOException {
    String said = lines.must(Lines.STRANGER);
    endMayFollow = true;
    if (!Secrets.same(said, server.word())) {
      return refuse("Authentication error: bad auth token received.");
    }
    return admit();
  }

  /** Our way: the gateway proves that it knows the word, then the client does. One try for each connection. */
  private boolean challenge() throws IOException {
    String theirs = lines.must(Lines.STRANGER);
    end();
    if (asked || !isNonce(theirs)) {
      return refuse("Authentication error: expected one nonce of 64 hex digits.");
    }
    asked = true;
    String ours = Secrets.random(NONCE / 2);
    expectedProof = Secrets.proof(server.word(), "client", theirs, ours, server.instance());
    send("!y" + ours + Secrets.proof(server.word(), "gateway", theirs, ours, server.instance()) + "\n");
    return true;
  }

  private boolean proof() throws IOException {
    String said = lines.must(Lines.STRANGER);
    end();
    boolean right = expectedProof != null && Secrets.same(said, expectedProof);
    expectedProof = null;
    if (!right) {
      return refuse("Authentication error: wrong proof.");
    }
    return admit();
  }

  private static boolean isNonce(String text) {
    boolean hex = text.length() == NONCE;
    for (int i = 0; i < text.length() && hex; i++) {
      char c = text.charAt(i);
      hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    }
    return hex;
  }

  private boolean admit() throws IOException {
    if (!authenticated && !authenticated()) {
      return false;
    }
    send(DONE);
    return true;
  }

  /** The peer is who it should be; false when there is no room for it. */
  boolean authenticated() {
    authenticated = true;
    boolean room = server.admitted(this);
    if (!room) {
      wire.close();
    }
    return room;
  }

  private boolean upgrade() throws IOException {
    String format = lines.must(Lines.STRANGER);
    end();
    if (!format.equals("1")) {
      send(TextCalls.error("this gateway speaks frame format 1"));
      return true;
    }
    send(DONE);
    frames = server.frames(wire, session, this::over);
    return false;
  }

  private void end() throws IOException {
    if (!lines.must(Lines.STRANGER).equals(END)) {
      throw new Lines.Broken("a command without its end");
    }
  }

  private boolean refuse(String why) throws IOException {
    send(TextCalls.error(why));
    return false;
  }

  private void send(String line) throws IOException {
    byte[] bytes = line.getBytes(UTF_8);
    wire.write(bytes, 0, bytes.length);
  }

  Session session() {
    return session;
  }

  boolean isAuthenticated() {
    return authenticated;
  }

  /** See {@link FrameConnection#writingSince()}. */
  long writingSince() {
    FrameConnection upgraded = frames;
    return upgraded == null ? 0 : upgraded.writingSince();
  }

  @Override
  public Socket getSocket() {
    return socket;
  }

  /** Leaves a connection open whose client waits for the end. */
  @Override
  public void shutdown() {
    if (!session.isAwaitingEnd()) {
      close();
    }
  }

  void close() {
    wire.close();
    FrameConnection upgraded = frames;
    if (upgraded != null) {
      upgraded.shutdown();
    }
  }

  @Override
  public void shutdown(boolean reset) {
    shutdown();
  }
}
