package mortmain.gateway.py4j;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import mortmain.gateway.Ask;
import mortmain.gateway.Peer;
import mortmain.gateway.frame.ByteBudget;
import mortmain.gateway.frame.Exchange;
import mortmain.gateway.frame.Handler;
import mortmain.gateway.frame.Op;
import mortmain.gateway.frame.Session;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The thread that forces the journal answers for everybody: no client may keep it. */
final class SlowConsumerTest {
  private static final long LIMIT = 1 << 20;

  @TempDir private Path directory;
  private final BlockingQueue<Exchange> asked = new LinkedBlockingQueue<>();
  private final ByteBudget budget = new ByteBudget(LIMIT);
  private LockedServer server;

  @BeforeEach
  void open() throws IOException {
    UnixListener listener = new UnixListener(directory.resolve("s"), Files.getOwner(directory));
    Handler later =
        new Handler() {
          @Override
          public void handle(byte[] frame, int at, int length, Exchange exchange) {
            asked.add(exchange); // answered by the test's thread, as by the one that forces
          }

          @Override
          public boolean isLong(byte[] frame, int at, int length) {
            return false;
          }

          @Override
          public void flush(boolean free) {
            // the test answers
          }

          @Override
          public void closed(Session session) {
            // nothing was kept
          }
        };
    server = new LockedServer(listener, later, budget, Served.WORD, Served.INSTANCE, LIMIT, 100);
    server.open();
  }

  @AfterEach
  void close() {
    server.close();
  }

  private Peer connect() throws IOException {
    return Peer.unix(directory.resolve("s")).upgrade();
  }

  private Exchange next() throws InterruptedException {
    Exchange exchange = asked.poll(20, TimeUnit.SECONDS);
    assertTrue(exchange != null, "nothing was asked");
    return exchange;
  }

  private static void answer(Exchange exchange, byte[] value) {
    exchange.reply().answer().beginObject().endObject();
    exchange.reply().add(value);
    exchange.reply().seal(1);
    exchange.done();
  }

  @Test
  void answerOfAnotherThreadArrives() throws Exception {
    try (Peer peer = connect()) {
      for (int size : new int[] {0, 1, 30_000, 40_000, 3 << 20}) {
        peer.sendFrame(Ask.of(Op.PING, "{}").frame());
        byte[] value = new byte[size];
        answer(next(), value);
        assertArrayEquals(value, peer.frame().payload(), () -> size + " bytes");
      }
    }
  }

  @Test
  void largeReplyIsNotWrittenByTheThreadThatAnswers() throws Exception {
    try (Peer lazy = connect()) {
      lazy.sendFrame(Ask.of(Op.PING, "{}").frame());
      answer(next(), new byte[16 << 20]); // far more than the kernel takes; would block for ever
      assertEquals(16 << 20, lazy.frame().payload().length);
    }
  }

  @Test
  void clientThatNeverReadsIsCutOff() throws Exception {
    try (Peer lazy = connect()) {
      byte[] value = new byte[20_000];
      Thread forcing =
          new Thread(
              () -> {
                try {
                  // Cut off after a request was sent and before it was read: then nothing more is asked.
                  for (Exchange one = next(); one != null && one.delivered(); one = asked.poll(2, TimeUnit.SECONDS)) {
                    answer(one, value);
                    lazy.sendFrame(Ask.of(Op.PING, "{}").frame());
                  }
                } catch (IOException | InterruptedException cutOff) {
                  // as it should be
                }
              });
      lazy.sendFrame(Ask.of(Op.PING, "{}").frame());
      forcing.start();
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      while (forcing.isAlive() && System.nanoTime() < end) {
        server.tick(System.nanoTime() + TimeUnit.SECONDS.toNanos(1)); // as if a second had passed each time
        forcing.join(20);
      }
      assertFalse(forcing.isAlive(), "it still writes to a client that does not read");
    }
  }

  @Test
  void largeRequestsWaitForEachOther() throws Exception {
    try (Peer first = connect();
        Peer second = connect()) {
      byte[] large = Ask.of(Op.PING, "{}").with(new byte[(int) LIMIT - 100]).frame();
      first.sendFrame(large);
      Exchange one = next();
      assertTrue(budget.taken() > LIMIT / 2);
      Thread sender = sending(second, large);
      sender.start();
      assertEquals(null, asked.poll(200, TimeUnit.MILLISECONDS), "both at once are more than the memory for requests");
      answer(one, new byte[1]);
      answer(next(), new byte[2]);
      assertEquals(1, first.frame().payload().length);
      assertEquals(2, second.frame().payload().length);
      sender.join();
      assertEquals(0, budget.taken());
    }
  }

  private static Thread sending(Peer peer, byte[] frame) {
    return new Thread(
        () -> {
          try {
            peer.sendFrame(frame);
          } catch (IOException gone) {
            // the test then misses its answer
          }
        });
  }

  @Test
  void memoryOfARequestThatBreaksOffIsFreed() throws Exception {
    try (Peer peer = connect()) {
      peer.send(new byte[] {0, 8, 0, 0, 1, 16});
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      while (budget.taken() == 0) {
        assertTrue(System.nanoTime() < end, "it never began to read");
        Thread.onSpinWait();
      }
    }
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (budget.taken() > 0) {
      assertTrue(System.nanoTime() < end, "taken: " + budget.taken());
      Thread.onSpinWait();
    }
  }
}
