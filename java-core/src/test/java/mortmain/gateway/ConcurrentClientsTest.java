package mortmain.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import mortmain.gateway.frame.Op;
import org.junit.jupiter.api.Test;

/** Many connections at once: replies are written by whoever forces, and each must reach the connection that asked. */
final class ConcurrentClientsTest {
  private static final int CLIENTS = 8;
  private static final int COMMITS = 150;

  @Test
  void everyAnswerReachesItsAsker() throws Exception {
    try (Running running = Running.unix()) {
      ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
      try {
        List<Callable<Integer>> work = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
          int number = i;
          work.add(() -> commits(running, number));
        }
        for (Future<Integer> done : clients.invokeAll(work, 60, TimeUnit.SECONDS)) {
          assertEquals(COMMITS, done.get());
        }
      } finally {
        clients.shutdownNow();
      }
      try (Peer peer = running.frames()) {
        assertEquals(String.valueOf(CLIENTS * COMMITS), peer.call(Ask.of(Op.READ, "{\"keys\":[\"shared\"]}").frame()).text());
      }
    }
  }

  /** Half of them break off in between and come back, as processes do. */
  private static int commits(Running running, int client) throws IOException {
    Peer peer = running.frames();
    try {
      int done = 0;
      for (int i = 0; i < COMMITS; i++) {
        String id = "c" + client + "-" + i;
        byte[] frame = Ask.of(Op.COMMIT, "{\"writer\":\"w\",\"writes\":[[\"increment\",\"shared\",\"1\"]]}").id(id).frame();
        if (client % 2 == 1 && i % 10 == 0) {
          peer.sendFrame(frame).close(); // the answer is never read; the same request is asked again
          peer = running.frames();
        }
        JsonNode receipt = peer.call(frame).fields();
        assertEquals(id, receipt.path("request_id").asText(), receipt::toString);
        done++;
      }
      return done;
    } finally {
      peer.close();
    }
  }
}
