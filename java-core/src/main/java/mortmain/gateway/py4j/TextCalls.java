package mortmain.gateway.py4j;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import mortmain.gateway.frame.EntryPoint;
import mortmain.gateway.frame.Session;
import mortmain.gateway.frame.Wire;

/**
 * The commands that an authenticated stock py4j client may use: {@code c} on the entry point with {@code call}, {@code ping} and
 * {@code info}, and {@code m}, which does nothing because nothing is ever kept for a client. All others get py4j's error line. One
 * thread.
 */
final class TextCalls {
  private static final String ENTRY_POINT = "t";
  private static final String END = "e";
  private static final String TYPES = "iLbdsj"; // int, long, boolean, double, string, bytes
  private static final String KNOWN = "afhijlrsxdSp"; // py4j's other commands; each ends with a line "e"
  private static final int MAX_LINES = 32;
  private static final int SLACK = 4 << 10; // so that a request just above the limit is told so
  private static final byte[] BYTES_REPLY = "!yj".getBytes(UTF_8);

  private final Lines lines;
  private final Wire wire;
  private final EntryPoint callBytes;
  private final EntryPoint callInfo;
  private final int lineLimit;

  TextCalls(LockedServer server, Lines lines, Wire wire, Session session) {
    this.lines = lines;
    this.wire = wire;
    long limit = server.frameLimit();
    this.lineLimit = (int) Math.min(Integer.MAX_VALUE / 2, limit / 3 * 4 + SLACK);
    this.callBytes = new EntryPoint(server.handler(), session, limit, this::sendBytes);
    this.callInfo = new EntryPoint(server.handler(), session, limit, reply -> sendLine("!ys" + escaped(EntryPoint.fields(reply))));
  }

  /** Handles a command after its name; false when the connection is over. */
  boolean command(String name) throws IOException {
    if (name.equals("c")) {
      return call();
    }
    boolean known = name.length() == 1 && KNOWN.contains(name);
    if (!known && !name.equals("m")) {
      sendLine(error("unknown command"));
      return false; // its end cannot be told
    }
    for (int i = 0; !END.equals(lines.must(Lines.STRANGER)); i++) {
      if (i == MAX_LINES) {
        throw new Lines.Broken("a command without an end");
      }
    }
    return sendLine(known ? error("this gateway refuses py4j's command " + name + ": only call, ping and info are served") : "!yv");
  }

  private boolean call() throws IOException {
    String target = lines.must(Lines.STRANGER);
    String method = lines.must(Lines.STRANGER);
    List<byte[]> arguments = arguments();
    String problem = problem(target, method, arguments);
    if (problem != null) {
      return sendLine(error(problem));
    }
    return switch (method) {
      case "call" -> bytesCall(arguments.get(0));
      case "info" -> callInfo.info();
      default -> sendLine("!ybtrue"); // ping
    };
  }

  private List<byte[]> arguments() throws IOException {
    List<byte[]> arguments = new ArrayList<>(1);
    while (true) {
      byte[] line = lines.bytes(lineLimit);
      if (line == null) {
        throw new Lines.Broken("closed in the middle of a command");
      }
      if (line.length == 1 && line[0] == 'e') {
        return arguments;
      }
      if (arguments.size() == MAX_LINES) {
        throw new Lines.Broken("too many arguments");
      }
      // Only a first argument can be of use; of the others the type is enough to refuse them.
      arguments.add(arguments.isEmpty() || line.length < 1 ? line : new byte[] {line[0]});
    }
  }

  private static String problem(String target, String method, List<byte[]> arguments) {
    if (!target.equals(ENTRY_POINT)) {
      return "this gateway serves its entry point only";
    }
    for (byte[] argument : arguments) {
      if (argument.length == 0 || TYPES.indexOf(argument[0]) < 0) {
        return "an argument of this type is refused";
      }
    }
    return switch (method) {
      case "call" -> arguments.size() == 1 && arguments.get(0)[0] == 'j' ? null : "call takes one argument: bytes";
      case "ping", "info" -> arguments.isEmpty() ? null : method + " takes no argument";
      default -> "the entry point serves call, ping and info only";
    };
  }

  private boolean bytesCall(byte[] argument) {
    byte[] request;
    try {
      request = Base64.getDecoder().decode(java.util.Arrays.copyOfRange(argument, 1, argument.length));
    } catch (IllegalArgumentException notBase64) {
      return sendLine(error("the bytes are not base64"));
    }
    return callBytes.call(request);
  }

  private boolean sendBytes(byte[] reply) {
    byte[] text = Base64.getEncoder().encode(reply);
    byte[] line = new byte[BYTES_REPLY.length + text.length + 1];
    System.arraycopy(BYTES_REPLY, 0, line, 0, BYTES_REPLY.length);
    System.arraycopy(text, 0, line, BYTES_REPLY.length, text.length);
    line[line.length - 1] = '\n';
    return send(line);
  }

  private boolean sendLine(String line) {
    return send((line.endsWith("\n") ? line : line + "\n").getBytes(UTF_8));
  }

  private boolean send(byte[] line) {
    try {
      wire.write(line, 0, line.length);
      return true;
    } catch (IOException gone) {
      wire.close();
      return false;
    }
  }

  /** py4j's error line: the client raises Py4JError with this text. */
  static String error(String why) {
    return "!xs" + escaped(why) + "\n";
  }

  private static String escaped(String text) {
    return text.replace("\\", "\\\\").replace("\r", "\\r").replace("\n", "\\n");
  }
}
