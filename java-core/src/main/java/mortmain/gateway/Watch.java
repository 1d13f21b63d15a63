package mortmain.gateway;

import java.util.concurrent.locks.LockSupport;

/** Looks after the gateway a few times a second: late strangers, stuck writes, idleness, and whether it can still be found. One thread. */
final class Watch {
  private static final long TICK_NANOS = 250_000_000;
  private static final long SECOND = 1_000_000_000;

  private final Gateway gateway;
  private long busyAt = System.nanoTime();
  private long lookedAt = busyAt;

  Watch(Gateway gateway) {
    this.gateway = gateway;
  }

  void run() {
    while (!gateway.isStopping()) {
      LockSupport.parkNanos(TICK_NANOS);
      try {
        look(System.nanoTime());
      } catch (RuntimeException bug) {
        Log.bug("the watch failed unexpectedly", bug);
      }
    }
  }

  private void look(long now) {
    gateway.tick(now);
    if (gateway.hasConnections() || gateway.hasLiveClaims() || gateway.isBackingUp()) {
      busyAt = now;
    } else if (gateway.idleSeconds() > 0 && now - busyAt >= gateway.idleSeconds() * SECOND) {
      Log.info("nobody was connected for " + gateway.idleSeconds() + " s, the gateway stops");
      gateway.shutdown();
    }
    if (now - lookedAt >= SECOND) {
      lookedAt = now;
      if (!gateway.isStopping() && !gateway.canBeFound()) {
        // Nobody can find it, and while it holds the lock nobody can start another one.
        Log.warn("run/gateway.json or the socket is gone or another's, the gateway stops");
        gateway.shutdown();
      }
    }
  }
}
