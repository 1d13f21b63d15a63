package mortmain.file;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import mortmain.Request;
import mortmain.fence.Fence;
import mortmain.fence.Fingerprint;
import mortmain.model.Call;
import mortmain.model.ClaimRequest;
import mortmain.model.Commit;
import mortmain.model.ErrorCode;
import mortmain.model.Guard;
import mortmain.model.Key;
import mortmain.model.MortmainException;
import mortmain.model.Outcome;
import mortmain.model.ReadOptions;
import mortmain.model.Reading;
import mortmain.model.Receipt;
import mortmain.model.Snapshot;
import mortmain.model.Ticket;

/**
 * One client: it reads, sits on what it read, and commits on it, early or much too late; claims, and goes on after its claim ended; asks again when
 * the gateway died. Used by one thread.
 */
final class TraceClient {
  private static final int SLOTS = 3;
  private static final long PATIENCE = 3_000_000;

  /** What it read once, or follows as a ticket. */
  private record Base(long revision, String ticket, Map<Key, Snapshot> of) {}

  private record Held(Key key, String claimId, long since) {}

  private final int number;
  private final Random random;
  private final Trace trace;
  private final TracedStore traced;
  private final TracedClock clock;
  private final Sabotage sabotage;
  private final Base[] slots = new Base[SLOTS];
  private final List<Held> claims = new ArrayList<>();
  private final List<Base> tickets = new ArrayList<>();
  private TracedStore.Life life;
  private int newest;
  private int made;
  private Asked.ToCommit unconfirmed;

  TraceClient(int number, long seed, Trace trace, TracedStore traced, TracedClock clock, Sabotage sabotage) {
    this.number = number;
    this.random = new Random(seed + number);
    this.trace = trace;
    this.traced = traced;
    this.clock = clock;
    this.sabotage = sabotage;
  }

  void oneStep() {
    life = traced.life();
    try {
      if (unconfirmed != null && !sameLife()) {
        askAgain();
      } else {
        step(random.nextInt(100));
      }
    } catch (MortmainException refused) {
      if (refused.code() == ErrorCode.VERSION_CONFLICT || refused.code() == ErrorCode.FENCED) {
        newest = (newest + 1) % SLOTS;
      }
      boolean expected = refused.code() != ErrorCode.INVALID && refused.code() != ErrorCode.CORRUPT && refused.code() != ErrorCode.WRONG_TYPE;
      if (!expected) {
        throw refused;
      }
    } finally {
      trace.asks(new Asked.Other());
    }
  }

  private boolean sameLife() {
    return life.number() == unconfirmedIn;
  }

  private int unconfirmedIn;

  private void step(int kind) {
    int slot = random.nextInt(3) > 0 ? newest : random.nextInt(SLOTS);
    if (kind < 24 || slots[slot] == null) {
      read(random.nextInt(SLOTS));
    } else if (kind < 52) {
      commit(onBase(slots[slot], writer(), key()), slots[slot]);
    } else if (kind < 60) {
      commit(writer().create(key().toString(), "[0]"), null);
    } else if (kind < 68) {
      commit(writer().append(key().toString(), "1"), null);
    } else if (kind < 72) {
      claim();
    } else if (kind < 84) {
      throughClaim(slots[slot]);
    } else if (kind < 88) {
      release();
    } else if (kind < 91) {
      renew();
    } else if (kind < 92) {
      reclaim();
    } else {
      ticket(slots[slot]);
    }
  }

  /** The last one is seldom touched: its tombstones get old. */
  private Key key() {
    return random.nextInt(40) == 0 ? Trace.KEYS.get(Trace.KEYS.size() - 1) : Trace.KEYS.get(random.nextInt(Trace.KEYS.size() - 1));
  }

  private String prefix() {
    return Trace.PREFIXES.get(random.nextInt(Trace.PREFIXES.size()));
  }

  private Request writer() {
    return Request.by("client" + number)
        .id("request-" + number + "-" + made++)
        .since(life.store().durableRevision())
        .deadline(clock.nanos() + PATIENCE);
  }

  private void read(int slot) {
    life.traced().readsInto("slot" + number + "-" + slot);
    Reading reading = life.store().read(Trace.KEYS, ReadOptions.NEWEST);
    Map<Key, Snapshot> of = new HashMap<>();
    reading.snapshots().forEach(snapshot -> of.put(snapshot.key(), snapshot));
    slots[slot] = new Base(reading.revision(), Trace.NONE, of);
    newest = slot;
  }

  /** A put or delete of the key, perhaps of a second one, perhaps with others only looked at, perhaps after a scan. */
  private Request onBase(Base base, Request request, Key key) {
    Request made = request.on(base.of.get(key));
    boolean delete = base.of.get(key).exists() && random.nextInt(3) == 0;
    made = delete ? made.delete(key.toString()) : made.put(key.toString(), "[" + random.nextInt(9) + "]");
    Key second = key();
    if (!second.equals(key) && random.nextInt(3) == 0) {
      made = made.on(base.of.get(second));
      made = random.nextBoolean() ? made.append(second.toString(), "2") : made;
    }
    return random.nextInt(6) == 0 ? made.guard(new Guard.UnchangedSince(prefix(), base.revision)) : made;
  }

  private void commit(Request request, Base base) {
    Request based = base == null ? request : request.store(life.store().storeId(), base.revision);
    send(new Asked.ToCommit(based.commit(), base == null ? -1 : base.revision, base == null ? Trace.NONE : base.ticket));
  }

  private void send(Asked.ToCommit asked) {
    trace.asks(asked);
    try {
      if (sabotage.left(asked.commit().guards()).size() == asked.commit().guards().size()) {
        life.store().commit(asked.commit());
      } else {
        unguarded(asked.commit());
      }
    } catch (MortmainException refused) {
      if (refused.code() == ErrorCode.UNCONFIRMED) {
        unconfirmed = asked;
        unconfirmedIn = life.number();
      }
      throw refused;
    }
  }

  /** Past the store, to a fence with a guard less. */
  private void unguarded(Commit commit) {
    Commit left =
        new Commit(
            commit.call(), commit.writer(), commit.meta(), sabotage.left(commit.guards()), commit.writes(), commit.storeId(), commit.baseRevision(), true, 0);
    decided(then -> life.traced().decide(view -> Fence.commit(view, left, Fingerprint.of(left)), false, then));
  }

  private void decided(Consumer<Outcome<Receipt>> decision) {
    CompletableFuture<Receipt> future = new CompletableFuture<>();
    decision.accept(new Outcome<>() {
      @Override
      public void answer(Receipt receipt) {
        future.complete(receipt);
      }

      @Override
      public void reject(MortmainException rejection) {
        future.completeExceptionally(rejection);
      }
    });
    life.traced().force();
    try {
      future.join();
    } catch (CompletionException e) {
      throw (MortmainException) e.getCause();
    }
  }

  /** The gateway died over it: the same bytes again, or the final word on them, or both. */
  private void askAgain() {
    Asked.ToCommit asked = unconfirmed;
    unconfirmed = null;
    Commit commit = asked.commit();
    int kind = random.nextInt(3);
    if (kind > 0) {
      trace.asks(new Asked.ToResolve(commit.call().requestId()));
      life.store().resolve(commit.call().requestId(), commit.writer(), commit.call().since(), null);
    }
    if (kind < 2) {
      Call call = new Call(commit.call().requestId(), 0, commit.call().since(), clock.nanos() + PATIENCE);
      send(new Asked.ToCommit(
          new Commit(call, commit.writer(), commit.meta(), commit.guards(), commit.writes(), commit.storeId(), commit.baseRevision(), true, 0),
          asked.on(),
          asked.ticket()));
    }
  }

  private void claim() {
    boolean again = !claims.isEmpty() && random.nextInt(5) == 0;
    Held wanted = again
        ? claims.get(random.nextInt(claims.size()))
        : new Held(key(), String.format("%08x%024x", number, made++), life.store().durableRevision());
    trace.asks(new Asked.ToClaim(wanted.key, wanted.claimId));
    if (!again) {
      claims.add(wanted);
    }
    if (claims.size() > 4) {
      claims.remove(0);
    }
    life.store().claim(new ClaimRequest(wanted.key, wanted.claimId, "client" + number % 3, 100, 0, null, Long.MAX_VALUE, wanted.since));
  }

  private void throughClaim(Base base) {
    if (claims.isEmpty()) {
      claim();
      return;
    }
    Held held = claims.get(claims.size() - 1 - random.nextInt(Math.min(2, claims.size())));
    String name = held.key.toString();
    Guard holds = new Guard.Holds(held.key, held.claimId);
    Guard epoch = new Guard.EpochIs(held.key, base.of.get(held.key).epoch());
    switch (random.nextInt(3)) {
      case 0 -> commit(onBase(base, writer(), held.key).guard(holds), base);
      case 1 -> commit(writer().create(name, "[]").guard(epoch, holds), base);
      default -> commit(writer().append(name, "3").guard(epoch, holds), base);
    }
  }

  private void release() {
    if (!claims.isEmpty()) {
      Held held = claims.get(random.nextInt(claims.size()));
      trace.asks(new Asked.ToRelease(held.key, held.claimId));
      life.store().release(held.key, held.claimId, -1);
    }
  }

  private void renew() {
    if (!claims.isEmpty()) {
      Held held = claims.get(claims.size() - 1);
      life.store().renew(held.key, held.claimId, -1);
    }
  }

  private void reclaim() {
    int kind = random.nextInt(3);
    life.store().reclaim(
        Request.reclaim(kind == 0 ? key().toString() : null, kind == 1 ? prefix() : null, kind == 2 ? "client" + random.nextInt(3) : null));
  }

  /** Takes a ticket, or goes on with one; now and then with one that it should have dropped. */
  private void ticket(Base base) {
    if (tickets.size() < 4 && random.nextInt(12) == 0) {
      String id = "ticket" + number + "-" + made++;
      trace.takesTicket(id, base.revision);
      tickets.add(new Base(base.revision, id, base.of));
    } else if (!tickets.isEmpty()) {
      Base going = tickets.get(tickets.size() - 1 - random.nextInt(Math.min(2, tickets.size())));
      Key key = key();
      Request request = writer().follows(key.toString(), ticket(going, key));
      commit(random.nextBoolean() ? request.put(key.toString(), "[7]") : request.append(key.toString(), "8"), going);
    }
  }

  private static Ticket ticket(Base going, Key key) {
    return Request.ticket(going.ticket, going.of.get(key));
  }
}
