package mortmain.file;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import mortmain.Store;
import mortmain.disk.Disk;
import mortmain.disk.MemoryDisk;
import mortmain.engine.ManualClock;
import mortmain.engine.Subject;
import mortmain.journal.JournalBackup;
import mortmain.journal.JournalOptions;
import mortmain.journal.Sealed;
import mortmain.model.Limits;
import mortmain.model.Retain;

/** The file engine on a disk of the test's, without a thread of its own. */
public final class FileSubject implements Subject {
  public static final Path DIRECTORY = Path.of("/store");

  private Disk disk;
  private final ManualClock clock;
  private final Limits limits;
  private final JournalOptions options;
  private final Path directory;
  private FileEngine engine;
  private boolean aided;
  private Random runs;
  private Random kills;
  private Store store;

  public FileSubject(Disk disk, ManualClock clock, Limits limits) {
    this(disk, clock, limits, JournalOptions.defaults().segments(4096, 1 << 16).background(Runnable::run));
  }

  FileSubject(Disk disk, ManualClock clock, Limits limits, JournalOptions options) {
    this(disk, clock, limits, options, DIRECTORY);
  }

  FileSubject(Disk disk, ManualClock clock, Limits limits, JournalOptions options, Path directory) {
    this.directory = directory;
    this.disk = disk;
    this.clock = clock;
    this.limits = limits;
    this.options = options;
    open();
  }

  private void open() {
    try {
      engine = FileEngineProvider.recover(disk, directory, options, limits, new Clocks(clock::nanos, clock), () -> { });
      if (aided) {
        engine.aids().from(0);
      }
      store = new Store(engine);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Each time it is closed it writes down what the next one begins with, however small it is. */
  FileSubject aided() {
    aided = true;
    engine.aids().from(0);
    return this;
  }

  /** Below every prefix so many versions, and those of so many seconds. */
  FileSubject keeping(long versions, long seconds) {
    store.retain(new Retain("", versions, seconds, "test"));
    return this;
  }

  @Override
  public int compact() {
    long before = store.durableRevision();
    if (runs == null) {
      store.compact(Duration.ofDays(1));
    } else {
      compactSome();
    }
    return (int) (store.durableRevision() - before);
  }

  /** Compacts any few segments that follow each other, instead of all. */
  FileSubject compactingSome(long seed) {
    runs = new Random(seed);
    return this;
  }

  private void compactSome() {
    List<Sealed> sealed = engine.decisions().journal().sealed();
    if (!sealed.isEmpty()) {
      int from = runs.nextInt(sealed.size());
      int to = Math.min(sealed.size(), from + 1 + runs.nextInt(4));
      try {
        engine.compactor().one(sealed.subList(from, to));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  FileEngine engine() {
    return engine;
  }

  @Override
  public Store store() {
    return store;
  }

  /** Each restart is the death of the process, with an aid that was written some time before. */
  FileSubject dying(long seed) {
    kills = new Random(seed);
    return this;
  }

  /** Writes down what the next start begins with, while it goes on. */
  void aid() {
    try {
      engine.aids().write(engine.new AidHost(true));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void restart() {
    if (kills == null) {
      store.close();
    } else {
      disk = ((MemoryDisk) disk).kill();
    }
    open();
  }

  @Override
  public void tick() {
    engine.decisions().tick();
    if (kills != null && kills.nextInt(20) == 0) {
      aid();
    }
  }

  @Override
  public int forget(int atLeast) {
    int forgotten = engine.decisions().forget(atLeast);
    engine.decisions().tick();
    return forgotten;
  }

  /** Forgets every tombstone that was last touched at this revision or before. */
  public void forgetUpTo(long revision) {
    engine.decisions().forget(1, () -> revision);
    engine.decisions().tick();
  }

  /** Another store, made of a backup beside this one, which ends. */
  public FileSubject restored(Path backup) {
    close();
    Path into = directory.resolveSibling(directory.getFileName() + "-restored");
    MemoryDisk memory = (MemoryDisk) disk;
    try {
      FileEngineProvider.restore(
          memory,
          backup,
          into,
          JournalBackup.verify(memory, backup, (segment, offset, revision, bytes) -> EventCodec.decode(bytes)),
          options,
          new Clocks(clock::nanos, clock),
          (bytes, of) -> { });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new FileSubject(disk, clock, limits, options, into);
  }

  @Override
  public void close() {
    store.close();
  }
}
