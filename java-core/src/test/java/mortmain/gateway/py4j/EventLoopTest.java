package mortmain.gateway.py4j;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import mortmain.Rounds;
import mortmain.gateway.Peer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** One thread serves everybody's small requests: nobody may be forgotten, answered twice or held up by another. */
final class EventLoopTest {
  private static final byte[] SHORT = "a short request of nobody in particular".getBytes(java.nio.charset.StandardCharsets.US_ASCII);

  private Served served;

  @BeforeEach
  void open() throws IOException {
    served = Served.unix();
  }

  @AfterEach
  void close() throws IOException {
    served.close();
  }

  private static byte[] isLong(int size) {
    byte[] frame = new byte[size];
    Arrays.fill(frame, Served.LONG);
    return frame;
  }

  private static void answered(Peer peer, byte[] frame) throws IOException {
    assertArrayEquals(frame, peer.call(frame).payload());
  }

  @Test
  void connectionMovesToAThreadAndBack() throws IOException {
    try (Peer peer = served.inside().upgrade()) {
      for (int round = 0; round < 5; round++) {
        answered(peer, SHORT);
        answered(peer, isLong(100)); // by its operation
        answered(peer, new byte[100_000]); // by its size
        for (int i = 0; i < 40; i++) {
          answered(peer, SHORT);
        }
      }
    }
  }

  /** The selection in which one connection is forgotten may find another one's request, which must not wait for a third. */
  @Test
  void connectionsThatLeaveTheLoopTogetherAreAllServed() throws IOException {
    byte[] frame = isLong(100);
    for (int round = 0; round < 300; round++) {
      try (Peer one = served.inside().upgrade();
          Peer two = served.inside().upgrade();
          Peer three = served.inside().upgrade()) {
        one.sendFrame(frame);
        two.sendFrame(frame);
        three.sendFrame(round % 2 == 0 ? frame : SHORT);
        assertArrayEquals(frame, one.frame().payload());
        assertArrayEquals(frame, two.frame().payload());
        assertArrayEquals(round % 2 == 0 ? frame : SHORT, three.frame().payload());
      }
    }
  }

  @Test
  void framesSentAtOnceAreAnsweredInOrder() throws IOException {
    try (Peer peer = served.inside().upgrade()) {
      List<byte[]> sent = new ArrayList<>();
      for (int i = 0; i < 60; i++) {
        byte[] frame = i % 7 == 3 ? isLong(i + 1) : new byte[] {1, (byte) i};
        sent.add(frame);
        peer.sendFrame(frame);
      }
      for (byte[] frame : sent) {
        assertArrayEquals(frame, peer.frame().payload());
      }
    }
  }

  @Test
  void halfAFrameHoldsUpNobody() throws IOException {
    try (Peer slow = served.inside().upgrade();
        Peer other = served.inside().upgrade()) {
      slow.send(new byte[] {0, 0, 0, 8, 1, 2});
      for (int i = 0; i < 50; i++) {
        answered(other, SHORT);
      }
      slow.send(new byte[] {3, 4, 5, 6, 7, 8});
      assertArrayEquals(new byte[] {1, 2, 3, 4, 5, 6, 7, 8}, slow.frame().payload());
    }
  }

  @Test
  void connectionsThatEndAreForgotten() throws Exception {
    for (int i = 0; i < 3 * Served.MAX_CONNECTIONS; i++) {
      Peer peer = served.inside().upgrade();
      answered(peer, i % 2 == 0 ? SHORT : isLong(10));
      peer.close();
      long end = System.nanoTime() + 20_000_000_000L;
      while (served.server().connectionCount() > 0) {
        assertTrue(System.nanoTime() < end, "a connection that was closed is still counted");
        Thread.sleep(1);
      }
    }
  }

  /** Looking without sleeping takes the wake-up of a task that came meanwhile; if the task is not run then, its connection is deaf. */
  @Test
  void whatAnotherThreadLeavesToDoIsNotForgottenWhileTheLoopLooks() throws IOException {
    byte[] elsewhere = {Served.ELSEWHERE, 1, 2};
    try (Peer peer = served.inside().upgrade()) {
      for (int i = 0; i < Rounds.of(10_000, 2000); i++) {
        answered(peer, SHORT);
        peer.sendFrame(elsewhere);
        peer.sendFrame(elsewhere);
        assertArrayEquals(elsewhere, peer.frame().payload());
        assertArrayEquals(elsewhere, peer.frame().payload());
      }
    }
  }

  /** Else each of several clients would look for its answer without sleeping, on cores that the gateway needs. */
  @Test
  void onlyALoneClientIsToldThatItIsAlone() throws IOException {
    for (byte[] frame : List.of(SHORT, isLong(100), new byte[100_000])) {
      try (Peer one = served.inside().upgrade();
          Peer two = served.inside().upgrade()) {
        becomesAlone(one, frame);
        for (int i = 0; i < 20; i++) {
          twoInARow(two, frame);
          twoInARow(one, frame);
        }
      }
    }
  }

  /** As one that takes a turn and then commits, while others wait. */
  private static void twoInARow(Peer peer, byte[] frame) throws IOException {
    long from = System.nanoTime();
    assertFalse(peer.call(frame).alone(), "another was served a moment ago");
    boolean alone = peer.call(frame).alone();
    assertTrue(!alone || System.nanoTime() - from > 2_000_000, "after two requests in a row");
  }

  /** A program of many threads goes on with one: the connections of the others lie in its pool, each with a thread here. */
  @Test
  void connectionsThatAreSilentKeepNobodyFromBeingAlone() throws IOException {
    for (byte[] frame : List.of(SHORT, isLong(100), new byte[100_000])) {
      try (Peer one = served.inside().upgrade();
          Peer silent = served.inside().upgrade();
          Peer another = served.inside().upgrade()) {
        for (Peer each : List.of(silent, another, one)) {
          each.call(new byte[100_000]);
        }
        becomesAlone(one, frame);
      }
    }
  }

  private static void becomesAlone(Peer peer, byte[] frame) throws IOException {
    int calls = 0; // those that ended just before may still be leaving
    while (!peer.call(frame).alone() && calls < 1000 && Runtime.getRuntime().availableProcessors() > 1) {
      calls++;
    }
    assertTrue(calls < 1000, "alone, and never told so");
  }

  @Test
  void closingTheServerEndsConnectionsInEitherPlace() throws IOException {
    try (Peer onLoop = served.inside().upgrade();
        Peer onThread = served.inside().upgrade()) {
      answered(onLoop, SHORT);
      answered(onThread, isLong(10));
      served.server().close();
      assertTrue(onLoop.isClosed());
      assertTrue(onThread.isClosed());
    }
  }
}
