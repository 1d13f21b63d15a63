package mortmain.gateway.py4j;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import mortmain.gateway.Answer;
import mortmain.gateway.Ask;
import mortmain.gateway.Peer;
import mortmain.gateway.frame.Op;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Frames over a Unix socket: lengths that lie, frames in pieces, frames of every size. */
final class FrameBoundaryTest {
  private static final byte[] PING = Ask.of(Op.PING, "{}").frame();

  private Served served;
  private Peer peer;

  @BeforeEach
  void open() throws IOException {
    served = Served.unix();
    peer = served.inside().upgrade();
  }

  @AfterEach
  void close() throws IOException {
    peer.close();
    served.close();
  }

  private void stillUsable() throws IOException {
    assertArrayEquals(PING, peer.call(PING).payload());
  }

  @Test
  void framesOfEverySizeComeBackWhole() throws IOException {
    Random random = new Random(1);
    for (int size : new int[] {28, 100, 16 << 10, (16 << 10) + 1, 64 << 10, 300_000, Served.FRAME_LIMIT}) {
      byte[] frame = new byte[size];
      random.nextBytes(frame);
      Answer answer = peer.call(frame);
      assertArrayEquals(frame, answer.payload(), () -> size + " bytes");
      assertEquals(7, answer.revision());
    }
  }

  @Test
  void frameAboveTheLimitIsTooLarge() throws IOException {
    Answer answer = peer.call(new byte[Served.FRAME_LIMIT + 1]);
    assertEquals("TOO_LARGE", answer.code());
    assertEquals(Served.FRAME_LIMIT, answer.fields().get("limit").asLong());
    assertEquals(Served.FRAME_LIMIT + 1, answer.fields().get("size").asLong());
    stillUsable();
  }

  @Test
  void negativeLengthIsInvalidAndEnds() throws IOException {
    peer.send(new byte[] {-1, -1, -1, -1});
    assertEquals("INVALID", peer.frame().code());
    assertTrue(peer.isClosed());
  }

  @Test
  void frameInSinglesBytes() throws IOException {
    byte[] all = ByteBuffer.allocate(4 + PING.length).putInt(PING.length).put(PING).array();
    for (byte one : all) {
      peer.send(new byte[] {one});
    }
    assertArrayEquals(PING, peer.frame().payload());
  }

  @Test
  void twoFramesAtOnceAreAnsweredInTurn() throws IOException {
    byte[] second = Ask.of(Op.INFO, "{}").frame();
    peer.send(
        ByteBuffer.allocate(8 + PING.length + second.length).putInt(PING.length).put(PING).putInt(second.length).put(second).array());
    assertArrayEquals(PING, peer.frame().payload());
    assertArrayEquals(second, peer.frame().payload());
  }

  @Test
  void truncatedFrameIsNotHandled() throws IOException {
    peer.send(new byte[] {0, 0, 0, 100, 1, 16}).endOutput();
    assertNull(peer.frame());
  }

  @Test
  void truncatedLengthIsNotHandled() throws IOException {
    peer.send(new byte[] {0, 0}).endOutput();
    assertNull(peer.frame());
  }

  @Test
  void unknownFrameFormatIsRefusedAndTheTextGoesOn() throws IOException {
    try (Peer text = served.inside()) {
      assertTrue(text.ask("B\n2\ne\n").startsWith("!xs"));
      assertEquals("!ybtrue", text.ask("c\nt\nping\ne\n"));
    }
  }

  @Test
  void textAfterTheUpgradeIsNoCommand() throws IOException {
    peer.say("s\ne\n"); // read as a length of 1.9 billion: above the limit, and never that many bytes come
    peer.endOutput();
    assertNull(peer.frame());
  }

  @Test
  void wordIsAcceptedOverTheUnixSocketToo() throws IOException {
    try (Peer stock = served.connect().word(Served.WORD)) {
      assertEquals("!ybtrue", stock.ask("c\nt\nping\ne\n"));
    }
  }

  @Test
  void wrongWordEndsTheConnectionOverTheUnixSocketToo() throws IOException {
    try (Peer stock = served.connect()) {
      assertTrue(stock.ask("A\nnot the word\ne\n").startsWith("!xs"));
      assertTrue(stock.isClosed());
    }
  }

  @Test
  void connectionsAboveTheLimitAreToldSoAndThenClosed() throws IOException {
    List<Peer> all = new ArrayList<>();
    try {
      for (int i = 1; i < Served.MAX_CONNECTIONS; i++) {
        all.add(served.inside().upgrade());
        assertEquals(0, all.get(i - 1).call(PING).status());
      }
      try (Peer refused = served.inside().upgrade()) {
        assertEquals(1, refused.call(PING).status());
      }
      for (int i = 0; i < 80; i++) {
        all.add(served.inside());
      }
      assertTrue(all.get(all.size() - 1).isClosed(), "there is no room to say why");
      stillUsable();
    } finally {
      for (Peer one : all) {
        one.close();
      }
    }
  }

  @Test
  void placesOfClosedConnectionsAreFreeAgain() throws Exception {
    for (int i = 0; i < 5 * Served.MAX_CONNECTIONS; i++) {
      try (Peer one = served.inside().upgrade()) {
        assertEquals(0, one.call(PING).status(), "connection " + i);
      }
      while (served.server().connectionCount() > 1) {
        Thread.onSpinWait(); // the other side notices in its own time
      }
    }
  }
}
