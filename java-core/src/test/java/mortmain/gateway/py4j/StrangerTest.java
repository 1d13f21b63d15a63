package mortmain.gateway.py4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import mortmain.gateway.Ask;
import mortmain.gateway.Peer;
import mortmain.gateway.frame.Op;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What somebody can do who reaches the port and does not know the word: nothing, and nobody is kept out by it. */
final class StrangerTest {
  private static final String NONCE = "ab".repeat(32);

  private Served served;

  @BeforeEach
  void open() {
    served = Served.tcp();
  }

  @AfterEach
  void close() throws IOException {
    served.close();
  }

  private void closedAfter(String text) throws IOException {
    try (Peer peer = served.connect()) {
      String line = peer.ask(text);
      assertTrue(line == null || line.startsWith("!xs"), () -> "answered " + line);
      assertTrue(peer.isClosed());
    }
  }

  @Test
  void wrongWord() throws IOException {
    closedAfter("A\n" + Secrets.random(32) + "\ne\n");
  }

  @Test
  void emptyWord() throws IOException {
    closedAfter("A\n\ne\n");
  }

  @Test
  void endThatPy4jsJavaClientSendsAfterTheWordIsNoCommand() throws IOException {
    try (Peer peer = served.connect()) {
      assertEquals("!yv", peer.ask("A\n" + Served.WORD + "\ne\n"));
      assertEquals("!ybtrue", peer.ask("c\nt\nping\ne\n"));
      assertTrue(peer.ask("e\n").startsWith("!xs"), "once only");
    }
  }

  @Test
  void wordThatIsAPrefix() throws IOException {
    closedAfter("A\n" + Served.WORD.substring(0, 63) + "\ne\n");
  }

  @Test
  void callBeforeAuthentication() throws IOException {
    closedAfter("c\nt\nping\ne\n");
  }

  @Test
  void upgradeBeforeAuthentication() throws IOException {
    closedAfter("B\n1\ne\n");
  }

  @Test
  void shutdownBeforeAuthentication() throws IOException {
    closedAfter("s\ne\n");
  }

  @Test
  void proofWithoutChallenge() throws IOException {
    closedAfter("P\n" + NONCE + "\ne\n");
  }

  @Test
  void wrongProof() throws IOException {
    try (Peer peer = served.connect()) {
      assertTrue(peer.ask("M\n" + NONCE + "\ne\n").startsWith("!y"));
      assertTrue(peer.ask("P\n" + NONCE + "\ne\n").startsWith("!xs"));
      assertTrue(peer.isClosed());
    }
  }

  @Test
  void gatewaysOwnProofSentBack() throws IOException {
    try (Peer peer = served.connect()) {
      String answer = peer.ask("M\n" + NONCE + "\ne\n");
      assertTrue(peer.ask("P\n" + answer.substring(66) + "\ne\n").startsWith("!xs"));
      assertTrue(peer.isClosed());
    }
  }

  @Test
  void replayedProof() throws IOException {
    String heard;
    try (Peer peer = served.connect()) {
      String theirs = peer.ask("M\n" + NONCE + "\ne\n").substring(2, 66);
      heard = Secrets.proof(Served.WORD, "client", NONCE, theirs, Served.INSTANCE);
      assertEquals("!yv", peer.ask("P\n" + heard + "\ne\n"));
    }
    try (Peer thief = served.connect()) {
      assertTrue(thief.ask("M\n" + NONCE + "\ne\n").startsWith("!y"));
      assertTrue(thief.ask("P\n" + heard + "\ne\n").startsWith("!xs"));
      assertTrue(thief.isClosed());
    }
  }

  @Test
  void eachConnectionGetsAnotherNonce() throws IOException {
    try (Peer one = served.connect();
        Peer two = served.connect()) {
      assertNotEquals(one.ask("M\n" + NONCE + "\ne\n"), two.ask("M\n" + NONCE + "\ne\n"));
    }
  }

  @Test
  void secondChallengeOnOneConnection() throws IOException {
    try (Peer peer = served.connect()) {
      assertTrue(peer.ask("M\n" + NONCE + "\ne\n").startsWith("!y"));
      assertTrue(peer.ask("M\n" + NONCE + "\ne\n").startsWith("!xs"));
      assertTrue(peer.isClosed());
    }
  }

  @Test
  void proofOfAnotherInstance() throws IOException {
    try (Peer peer = served.connect()) {
      String theirs = peer.ask("M\n" + NONCE + "\ne\n").substring(2, 66);
      String wrong = Secrets.proof(Served.WORD, "client", NONCE, theirs, Secrets.random(16));
      assertTrue(peer.ask("P\n" + wrong + "\ne\n").startsWith("!xs"));
      assertTrue(peer.isClosed());
    }
  }

  @Test
  void shortNonce() throws IOException {
    closedAfter("M\nab\ne\n");
  }

  @Test
  void nonceWithALineOfTheProofInIt() throws IOException {
    closedAfter("M\n" + "zz".repeat(32) + "\ne\n");
  }

  @Test
  void missingEndOfTheCommand() throws IOException {
    closedAfter("M\n" + NONCE + "\nmore\n");
  }

  @Test
  void lineAboveFourKibibytes() throws IOException {
    closedAfter("A".repeat(4097));
  }

  @Test
  void wordAboveFourKibibytes() throws IOException {
    closedAfter("A\n" + "x".repeat(4097));
  }

  @Test
  void garbage() throws IOException {
    closedAfter("\u0000\u0001GET / HTTP/1.1\r\n");
  }

  @Test
  void silentConnectionIsClosedAfterFiveSeconds() throws IOException {
    try (Peer silent = served.connect();
        Peer inside = served.inside()) {
      silent.say("M");
      inside.ask("c\nt\nping\ne\n"); // so both were accepted before the clock is moved
      served.server().tick(System.nanoTime() + Door.PATIENCE_NANOS);
      assertTrue(silent.isClosed());
      assertEquals("!ybtrue", inside.ask("c\nt\nping\ne\n"), "who has authenticated may be silent");
    }
  }

  @Test
  void halfOpenConnectionIsClosed() throws IOException {
    try (Peer half = served.connect()) {
      half.say("A\n").endOutput();
      assertTrue(half.isClosed());
    }
  }

  @Test
  void threeHundredSilentConnectionsDoNotLockOut() throws IOException {
    List<Peer> silent = new ArrayList<>();
    try {
      for (int i = 0; i < 300; i++) {
        silent.add(served.connect());
      }
      try (Peer real = served.inside().upgrade()) {
        assertEquals(0, real.call(Ask.of(Op.PING, "{}").frame()).status());
      }
      assertTrue(silent.get(0).isClosed(), "the oldest was dropped");
    } finally {
      for (Peer peer : silent) {
        peer.close();
      }
    }
  }

  @Test
  void wordIsNewAtEachStart() {
    assertNotEquals(Secrets.random(32), Secrets.random(32));
    assertEquals(64, Served.WORD.length());
  }

  @Test
  void nothingIsSaidFirst() throws IOException {
    try (Peer peer = served.connect()) {
      peer.endOutput();
      assertNull(peer.line(), "whoever connects learns nothing");
    }
  }
}
