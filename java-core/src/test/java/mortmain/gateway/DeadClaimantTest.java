package mortmain.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.BooleanSupplier;
import mortmain.Request;
import mortmain.gateway.frame.Op;
import org.junit.jupiter.api.Test;

/** A client that dies while it waits in the queue for a claim leaves neither its thread nor its place behind. */
class DeadClaimantTest {
  private static byte[] claim(char id, String wait) {
    return Ask.of(Op.CLAIM, "{\"key\":\"k\",\"claim_id\":\"" + Request.claimId(id) + "\",\"holder\":\"" + id + "\",\"ttl\":600,\"wait\":" + wait + "}").frame();
  }

  private static void until(BooleanSupplier condition) {
    long end = System.nanoTime() + 20_000_000_000L;
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < end, "it did not come true in time");
      Thread.onSpinWait();
    }
  }

  private static void dies(Running running) throws Exception {
    try (Peer holder = running.frames()) {
      assertEquals(0, holder.call(claim('a', "0")).status());
      Peer dead = running.frames();
      dead.sendFrame(claim('d', "null"));
      until(() -> running.gateway().waitingRequests() == 1);
      try (Peer alive = running.frames()) {
        alive.sendFrame(claim('b', "null"));
        until(() -> running.gateway().waitingRequests() == 2);
        dead.close();
        until(() -> running.gateway().waitingRequests() == 1);
        String release = "{\"key\":\"k\",\"claim_id\":\"" + Request.claimId('a') + "\"}";
        assertEquals(0, holder.call(Ask.of(Op.RELEASE, release).frame()).status());
        assertEquals(0, alive.frame().status(), "the next in the queue got it");
      }
    }
  }

  @Test
  void overAUnixSocketItsThreadIsFree() throws Exception {
    try (Running running = Running.unix()) {
      dies(running);
    }
  }

  @Test
  void overTcpItsThreadIsFree() throws Exception {
    try (Running running = Running.tcp()) {
      dies(running);
    }
  }
}
