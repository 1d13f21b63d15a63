package mortmain.gateway.py4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import mortmain.gateway.Answer;
import mortmain.gateway.Peer;
import mortmain.gateway.frame.Op;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import py4j.CallbackClient;
import py4j.GatewayServer;

/** What any py4j client that knows the word could do to an ordinary gateway, each refused while the connection stays usable. */
final class StockClientTricksTest {
  private Served served;
  private Peer peer;

  @BeforeEach
  void connect() throws IOException {
    served = Served.tcp();
    peer = served.connect().word(Served.WORD);
  }

  @AfterEach
  void close() throws IOException {
    peer.close();
    served.close();
  }

  /** The trick gets py4j's error line, and afterwards the entry point still answers. */
  private void refused(String command) throws IOException {
    String line = peer.ask(command);
    assertTrue(line != null && line.startsWith("!xs"), () -> "expected an error line, got " + line);
    assertEquals("!ybtrue", peer.ask("c\nt\nping\ne\n"), "the connection goes on");
  }

  @Test
  void entryPointAnswersPing() throws IOException {
    assertEquals("!ybtrue", peer.ask("c\nt\nping\ne\n"));
  }

  @Test
  void entryPointTakesBytes() throws IOException {
    byte[] frame = mortmain.gateway.Ask.of(Op.PING, "{}").frame();
    assertEquals(frame.length, peer.callText(frame).payload().length);
  }

  @Test
  void py4jsOwnJavaClientCanCall() throws IOException {
    CallbackClient client = new CallbackClient(served.port(), GatewayServer.defaultAddress(), Served.WORD);
    try {
      assertEquals("ybtrue", client.sendCommand("c\nt\nping\ne\n"));
    } finally {
      client.shutdown();
    }
  }

  @Test
  void staticMethodOfRuntime() throws IOException {
    refused("c\nz:java.lang.Runtime\ngetRuntime\ne\n");
  }

  @Test
  void staticMethodOfSystemExit() throws IOException {
    refused("c\nz:java.lang.System\nexit\ni0\ne\n");
  }

  @Test
  void methodOfTheServerObject() throws IOException {
    refused("c\nGATEWAY_SERVER\nshutdown\ne\n");
  }

  @Test
  void methodOfTheDefaultView() throws IOException {
    refused("c\nj\ngetClass\ne\n");
  }

  @Test
  void methodOfAGuessedObject() throws IOException {
    refused("c\no0\ntoString\ne\n");
  }

  @Test
  void methodOfAnEmptyObjectId() throws IOException {
    refused("c\n\nping\ne\n");
  }

  @Test
  void getClassOfTheEntryPoint() throws IOException {
    refused("c\nt\ngetClass\ne\n");
  }

  @Test
  void hashCodeOfTheEntryPoint() throws IOException {
    refused("c\nt\nhashCode\ne\n");
  }

  @Test
  void waitOnTheEntryPoint() throws IOException {
    refused("c\nt\nwait\ne\n");
  }

  @Test
  void privateMethodOfTheEntryPoint() throws IOException {
    refused("c\nt\ndeliver\nj\ne\n");
  }

  @Test
  void callWithoutArguments() throws IOException {
    refused("c\nt\ncall\ne\n");
  }

  @Test
  void callWithTwoArguments() throws IOException {
    refused("c\nt\ncall\njAAAA\njAAAA\ne\n");
  }

  @Test
  void callWithAString() throws IOException {
    refused("c\nt\ncall\nsAAAA\ne\n");
  }

  @Test
  void callWithAReference() throws IOException {
    refused("c\nt\ncall\nrGATEWAY_SERVER\ne\n");
  }

  @Test
  void callWithAPythonProxy() throws IOException {
    refused("c\nt\ncall\nfp0;java.lang.Runnable\ne\n");
  }

  @Test
  void callWithADecimal() throws IOException {
    refused("c\nt\ncall\nD1E+999999999\ne\n");
  }

  @Test
  void callWithNone() throws IOException {
    refused("c\nt\ncall\nn\ne\n");
  }

  @Test
  void callWithBytesThatAreNotBase64() throws IOException {
    refused("c\nt\ncall\nj!!not base64!!\ne\n");
  }

  @Test
  void callWithCutBase64() throws IOException {
    refused("c\nt\ncall\njAAAAA\ne\n");
  }

  @Test
  void pingWithAnArgument() throws IOException {
    refused("c\nt\nping\ni1\ne\n");
  }

  @Test
  void constructor() throws IOException {
    refused("i\njava.lang.ProcessBuilder\nsid\ne\n");
  }

  @Test
  void fieldRead() throws IOException {
    refused("f\ng\nt\nhandler\ne\n");
  }

  @Test
  void fieldWrite() throws IOException {
    refused("f\ns\nt\nhandler\nn\ne\n");
  }

  @Test
  void arrayCreate() throws IOException {
    refused("a\nc\nrint\ni2147483647\ne\n");
  }

  @Test
  void listSort() throws IOException {
    refused("l\ns\no0\ne\n");
  }

  @Test
  void reflectionOfAClass() throws IOException {
    refused("r\nu\njava.lang.Runtime\nrj\ne\n");
  }

  @Test
  void reflectionOfAMember() throws IOException {
    refused("r\nm\njava.lang.Runtime\ngetRuntime\ne\n");
  }

  @Test
  void viewCreate() throws IOException {
    refused("j\nc\nmine\ne\n");
  }

  @Test
  void viewImport() throws IOException {
    refused("j\ni\nrj\njava.io.*\ne\n");
  }

  @Test
  void helpPage() throws IOException {
    refused("h\no\nt\nn\nbtrue\ne\n");
  }

  @Test
  void dirOfTheEntryPoint() throws IOException {
    refused("d\ni\nt\nn\ne\n");
  }

  @Test
  void streamedCall() throws IOException {
    refused("S\nt\ninfo\ne\n");
  }

  @Test
  void exceptionText() throws IOException {
    refused("p\nro0\ne\n");
  }

  @Test
  void cancel() throws IOException {
    refused("x\n127.0.0.1\n1\n1\ne\n");
  }

  @Test
  void shutdownOfTheServer() throws IOException {
    refused("s\ne\n");
    try (Peer other = served.inside()) {
      assertEquals("!ybtrue", other.ask("c\nt\nping\ne\n"), "others are served too");
    }
  }

  @Test
  void memoryCommandDoesNothing() throws IOException {
    assertEquals("!yv", peer.ask("m\nd\nt\ne\n"), "deleting the entry point is said to be done");
    assertEquals("!ybtrue", peer.ask("c\nt\nping\ne\n"), "and it is still there");
  }

  @Test
  void unknownCommandEndsTheConnection() throws IOException {
    assertTrue(peer.ask("GET / HTTP/1.1\n").startsWith("!xs"));
    assertTrue(peer.isClosed());
  }

  @Test
  void binaryGarbageEndsTheConnection() throws IOException {
    peer.send(new byte[] {0, -1, 22, 3, 1, '\n'});
    assertTrue(peer.line().startsWith("!xs"));
    assertTrue(peer.isClosed());
  }

  @Test
  void endlessArgumentsEndTheConnection() throws IOException {
    peer.say("c\nt\ncall\n");
    peer.say("i1\n".repeat(40));
    endedWithAnErrorLine();
  }

  @Test
  void endlessRefusedCommandEndsTheConnection() throws IOException {
    peer.say("r\n");
    peer.say("u\n".repeat(40));
    endedWithAnErrorLine();
  }

  @Test
  void overlongArgumentEndsTheConnection() throws IOException {
    byte[] much = new byte[Served.FRAME_LIMIT / 3 * 4 + 5000];
    java.util.Arrays.fill(much, (byte) 'A');
    peer.say("c\nt\ncall\nj");
    try {
      peer.send(much).say("\ne\n");
    } catch (IOException cutOff) {
      // closed while it was still sending
    }
    endedWithAnErrorLine();
  }

  /** The line itself may be lost: closing with bytes unread is a reset. */
  private void endedWithAnErrorLine() throws IOException {
    String line = peer.line();
    assertTrue(line == null || line.startsWith("!xs"), () -> "answered " + line);
    assertTrue(peer.isClosed());
  }

  @Test
  void requestAboveTheLimitIsTooLarge() throws IOException {
    Answer answer = peer.callText(new byte[Served.FRAME_LIMIT + 1]);
    assertEquals("TOO_LARGE", answer.code());
    assertEquals(Served.FRAME_LIMIT, answer.fields().get("limit").asLong());
    assertEquals("!ybtrue", peer.ask("c\nt\nping\ne\n"), "the connection goes on");
  }
}
