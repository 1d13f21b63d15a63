package mortmain.file;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import mortmain.Store;
import mortmain.disk.MemoryDisk;
import mortmain.journal.Footers;
import mortmain.journal.Journal;
import mortmain.journal.JournalOptions;
import mortmain.model.Event;
import mortmain.model.Limits;

/** A store that crashes under its clients and comes back, again and again, while a trace is written. Thread-safe. */
final class TracedStore {
  /** Few ids are remembered, so that the horizon moves and tombstones are forgotten. */
  private static final Limits LIMITS = new Limits(1 << 20, 1024, 1000, 1 << 20, 32, 4096, Long.MAX_VALUE / 2_000_000, 12);

  /** One life: the engine, and the store on it. */
  record Life(int number, FileEngine engine, TracedEngine traced, Store store, MemoryDisk disk) {}

  private final Trace trace;
  private final TracedClock clock;
  private final Sabotage sabotage;
  private final Random random;
  private volatile Life life;
  private int crashes;

  TracedStore(Trace trace, TracedClock clock, Sabotage sabotage, long seed) {
    this.trace = trace;
    this.clock = clock;
    this.sabotage = sabotage;
    this.random = new Random(seed);
    try {
      life = open(new MemoryDisk(), 1, 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Life life() {
    return life;
  }

  int crashes() {
    return crashes;
  }

  private JournalOptions options() {
    return JournalOptions.defaults().segments(4096, 1 << 14).background(Runnable::run);
  }

  private Life open(MemoryDisk disk, int number, long survived) throws IOException {
    TracedDisk traced = new TracedDisk(disk, trace, sabotage);
    FileEngine engine = FileEngineProvider.recover(traced, FileSubject.DIRECTORY, options(), LIMITS, clock.clocks(), () -> { });
    List<Event> added = new ArrayList<>();
    engine.decisions().journal().read(survived, (segment, offset, revision, bytes) -> added.add(EventCodec.decode(bytes).event()));
    trace.serves(number, added, engine.decisions().state());
    traced.serves(number);
    TracedEngine told = new TracedEngine(engine, trace, sabotage, number);
    return new Life(number, engine, told, new Store(told), disk);
  }

  /** The process dies, or the power goes, or both; sometimes again while the journal is recovered. Used by one thread. */
  void crash() throws IOException {
    Life before = life;
    MemoryDisk[] image = new MemoryDisk[1];
    long[] survived = new long[1];
    before.engine.decisions().locked(() -> {
      synchronized (trace) { // no line comes between the crash and what it leaves
        image[0] = crashAgain(left(before.disk));
        survived[0] = recovered(image[0].kill());
        trace.crashed(survived[0]);
      }
      return null;
    });
    crashes++;
    life = open(image[0], before.number + 1, survived[0]);
    before.engine.close(); // whoever still waits there hears that it is gone
  }

  private MemoryDisk left(MemoryDisk disk) {
    return switch (random.nextInt(4)) {
      case 0 -> disk.kill();
      case 1 -> disk.losePower();
      case 2 -> disk.kill().crashImage(random);
      default -> disk.crashImage(random);
    };
  }

  private MemoryDisk crashAgain(MemoryDisk disk) {
    if (random.nextBoolean()) {
      return disk;
    }
    MemoryDisk[] second = new MemoryDisk[1];
    int[] left = {random.nextInt(8)};
    MemoryDisk recovering = disk.kill();
    recovering.listen(step -> {
      if (left[0]-- == 0) {
        second[0] = left(recovering);
      }
    });
    recovered(recovering);
    return second[0] == null ? disk : second[0];
  }

  /** The last revision that recovery finds. */
  private long recovered(MemoryDisk disk) {
    long[] last = new long[1];
    try (Journal journal =
        Journal.open(disk, FileSubject.DIRECTORY, options(), (segment, offset, revision, bytes) -> last[0] = revision, Footers.UNKNOWN)) {
      return Math.max(last[0], journal.durableRevision());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void close() {
    life.store.close();
  }
}
