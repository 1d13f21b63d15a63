package mortmain.file;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import mortmain.disk.Disk;
import mortmain.disk.FileSystems;
import mortmain.disk.RealDisk;
import mortmain.engine.Engine;
import mortmain.engine.EngineProvider;
import mortmain.journal.BackupReport;
import mortmain.journal.DirectoryLock;
import mortmain.journal.Footers;
import mortmain.journal.Journal;
import mortmain.journal.JournalBackup;
import mortmain.journal.JournalDamaged;
import mortmain.journal.JournalOptions;
import mortmain.journal.JournalRepair;
import mortmain.journal.RepairReport;
import mortmain.journal.Start;
import mortmain.model.ErrorCode;
import mortmain.model.Limits;
import mortmain.model.Rejection;

/** Opens directories. Thread-safe. */
public final class FileEngineProvider implements EngineProvider {
  /** Bytes of a journal from which on replaying it takes noticeably longer than reading an aid. */
  private static final long AID_FROM = 8 << 20;

  /** Bytes of values in memory: a collection of the whole heap copies them, and the system's page cache has them too. */
  private static final long CACHE = 32 << 20;

  @Override
  public String scheme() {
    return "file";
  }

  @Override
  public Engine open(Path directory, boolean create, boolean allowNetworkFileSystem, Limits limits) {
    try {
      if (!create && !Files.isDirectory(directory.resolve("journal"))) {
        throw Rejection.of(
                ErrorCode.UNAVAILABLE,
                directory + " holds no store, and creating one was not allowed",
                Map.of("reason", "start-failed"))
            .exception();
      }
      Files.createDirectories(directory);
      FileSystems.requireLocal(directory, allowNetworkFileSystem);
      DirectoryLock lock = lock(directory);
      try {
        return open(new RealDisk(), directory, JournalOptions.defaults().beforeForce(lock::stillOurs), limits, Clocks.system(), () -> close(lock));
      } catch (IOException | RuntimeException e) {
        close(lock);
        throw e;
      }
    } catch (IOException e) {
      throw Failed.cannotOpen(directory, e);
    }
  }

  private static DirectoryLock lock(Path directory) throws IOException {
    Optional<DirectoryLock> lock = DirectoryLock.acquire(directory);
    if (lock.isEmpty()) {
      throw Failed.locked(directory, DirectoryLock.holder(directory).orElse("unknown"));
    }
    return lock.get();
  }

  private static void close(DirectoryLock lock) {
    try {
      lock.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Opens on any disk; tests bring their own. */
  static FileEngine open(Disk disk, Path directory, JournalOptions options, Limits limits, Clocks clocks, Runnable release) throws IOException {
    FileEngine engine = recover(disk, directory, options, limits, clocks, release);
    engine.start(new Housekeeping(engine.decisions(), disk, directory));
    return engine;
  }

  /** An engine whose time passes only when {@link Decisions#tick} is called. */
  static FileEngine recover(Disk disk, Path directory, JournalOptions options, Limits limits, Clocks clocks, Runnable release)
      throws IOException {
    FileEngine engine = aided(disk, directory, options, limits, clocks, release);
    engine.aids().from(AID_FROM);
    engine.decisions().opened(newStoreId());
    return engine;
  }

  /** With what is known from {@link Aid}, when that is of use; else from the journal alone. */
  private static FileEngine aided(Disk disk, Path directory, JournalOptions options, Limits limits, Clocks clocks, Runnable release)
      throws IOException {
    Start[] start = {Start.NOTHING};
    if (Aid.isThere(disk, directory)) {
      try {
        return replayed(Journal::open, disk, directory, options, limits, clocks, release, state -> start[0] = Aid.read(disk, directory, state, clocks));
      } catch (JournalDamaged | Start.Stale | Aid.Useless e) {
        start[0] = start[0].unknown();
      }
    }
    return replayed(Journal::open, disk, directory, options, limits, clocks, release, state -> start[0]);
  }

  private static Journal openRestoring(
      Disk disk, Path directory, JournalOptions options, Journal.Replay replay, Footers footers, Start start) throws IOException {
    return Journal.openRestoring(disk, directory, options, replay, footers);
  }

  /** Fills an empty state, and says what it knows then. */
  private interface Knowing {
    Start start(FileState state) throws IOException;
  }

  private static String newStoreId() {
    return HexFormat.of().formatHex(new SecureRandom().generateSeed(16));
  }

  /** How the journal is opened. */
  private interface Opening {
    Journal open(Disk disk, Path directory, JournalOptions options, Journal.Replay replay, Footers footers, Start start) throws IOException;
  }

  private static FileEngine replayed(
      Opening opening, Disk disk, Path directory, JournalOptions options, Limits limits, Clocks clocks, Runnable release, Knowing knowing)
      throws IOException {
    Journal[] journal = new Journal[1];
    Values.Source source = Values.Source.of(() -> journal[0]);
    Values values = new Values(source, new ValueCache(Math.min(CACHE, Runtime.getRuntime().maxMemory() / 8)));
    Settings settings = new Settings(limits);
    Index index = new Index(settings, values::superseded);
    SegmentTables tables = new SegmentTables(source);
    Requests requests = new Requests(settings, source, clocks.now());
    FileState state = new FileState(index, requests, new Folds(index, values, settings), values, tables, settings);
    Failure failure = new Failure();
    Start start = knowing.start(state);
    boolean known = !start.segments().isEmpty();
    long[] last = {known ? start.revision() : 0};
    journal[0] =
        opening.open(
            disk,
            directory,
            options.onPoison(failure::happened),
            (segment, offset, revision, bytes) -> {
              EventCodec.Coded coded = EventCodec.decode(bytes);
              if (known && revision <= start.revision()) {
                tables.placed(coded.event(), segment, offset);
                return;
              }
              replay(state, segment, offset, coded, clocks);
              last[0] = revision;
            },
            tables,
            start);
    index.recent().clear(last[0]);
    FileEngine engine = new FileEngine(
        directory, disk, state, journal[0], new Past(source, tables, index.retention()), clocks, options.largestSegment(), failure, release);
    if (known) {
      engine.aids().opened(start);
    }
    return engine;
  }

  private static void replay(FileState state, int segment, int offset, EventCodec.Coded coded, Clocks clocks) {
    EventRecord.place(coded, segment, offset);
    state.tables().placed(coded.event(), segment, offset);
    state.index().apply(coded, clocks.claims());
    coded.runs().forEach(run -> run.piece().hold(null));
    state.requests().replayed(coded.event(), segment, offset, clocks.now());
  }

  @Override
  public Map<String, Object> restore(Path backup, Path directory, Engine.Progress progress) {
    Disk disk = new RealDisk();
    BackupReport whole;
    try {
      whole = verified(disk, backup, new Reading((bytes, of) -> { }, 0));
    } catch (IOException e) {
      throw Failed.backup("backup", e);
    }
    if (directory.startsWith(backup)) {
      throw Rejection.invalid("directory", directory + " lies inside the backup, which stays as it is").exception();
    }
    try {
      JournalBackup.requireVacant(disk, directory);
      Files.createDirectories(directory);
      FileSystems.requireLocal(directory, false);
      DirectoryLock lock = lock(directory);
      try {
        JournalOptions options = JournalOptions.defaults().beforeForce(lock::stillOurs);
        return restore(disk, backup, directory, whole, options, Clocks.system(), progress);
      } finally {
        close(lock);
      }
    } catch (IOException e) {
      throw Failed.backup("directory", e);
    }
  }

  private static BackupReport verified(Disk disk, Path backup, Reading reading) throws IOException {
    return JournalBackup.verify(disk, backup, decoding(reading));
  }

  /** The directory's lock is held. Until the last step it is no store; what is left by a crash is refused, and a second try begins anew. */
  static Map<String, Object> restore(
      Disk disk, Path backup, Path directory, BackupReport whole, JournalOptions options, Clocks clocks, Engine.Progress progress)
      throws IOException {
    JournalBackup.copyBack(disk, backup, directory, progress::copied);
    Map<String, Object> report = Reports.of(whole, directory);
    try (FileEngine engine = replayed(FileEngineProvider::openRestoring, disk, directory, options, Limits.DEFAULT, clocks, () -> { }, state -> Start.NOTHING)) {
      if (engine.durableRevision() != whole.revision()) {
        throw new IOException("the copy ends at revision " + engine.durableRevision() + ", the backup at " + whole.revision());
      }
      engine.decisions().restored(newStoreId());
      report.put("restored_from", whole.store());
      report.put("store_id", engine.storeId());
      report.put("revision", engine.durableRevision());
    }
    JournalBackup.finish(disk, directory);
    return report;
  }

  @Override
  public Map<String, Object> verify(Path directory, Engine.Progress progress) {
    try {
      Disk disk = new RealDisk();
      if (JournalBackup.isBackup(disk, directory)) {
        long bytes = journalBytes(directory);
        Reading reading = new Reading(progress, bytes);
        Map<String, Object> report = new LinkedHashMap<>(Map.of("ok", true));
        report.putAll(Reports.of(verified(disk, directory, reading), directory));
        reading.reached(bytes);
        return report;
      }
    } catch (IOException e) {
      throw Failed.backup("dir", e);
    }
    try {
      DirectoryLock lock = lock(directory);
      try {
        return verifyStore(directory, JournalOptions.defaults().beforeForce(lock::stillOurs), progress);
      } finally {
        close(lock);
      }
    } catch (IOException e) {
      throw Failed.cannotOpen(directory, e);
    }
  }

  /** Everything is read twice: recovered as at every start, whose rules a sound store meets, and then checked frame by frame. */
  private static Map<String, Object> verifyStore(Path directory, JournalOptions options, Engine.Progress progress) throws IOException {
    long bytes = journalBytes(directory);
    Reading reading = new Reading(progress, 2 * bytes);
    try (Journal journal = Journal.open(new RealDisk(), directory, options, decoding(reading), Footers.UNKNOWN)) {
      reading.reached(bytes);
      Map<String, Object> report = Reports.of(journal.verify(reading::more));
      reading.reached(2 * bytes);
      return report;
    }
  }

  /** Every record has to be one that this version can read. */
  private static Journal.Replay decoding(Reading reading) {
    return (segment, offset, revision, bytes) -> {
      reading.more(bytes.remaining());
      EventCodec.decode(bytes);
    };
  }

  private static long journalBytes(Path directory) throws IOException {
    long bytes = 0;
    Path journal = directory.resolve("journal");
    if (Files.isDirectory(journal)) {
      try (DirectoryStream<Path> files = Files.newDirectoryStream(journal, "*.seg")) {
        for (Path file : files) {
          bytes += Files.size(file);
        }
      }
    }
    return bytes;
  }

  @Override
  public Map<String, Object> repair(Path directory, long truncateAtRevision) {
    try {
      DirectoryLock lock = lock(directory);
      try {
        RepairReport cut = JournalRepair.repair(new RealDisk(), directory, truncateAtRevision);
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("revision", cut.lastRevision());
        report.put("cut_bytes", cut.cutBytes());
        report.put("kept_aside", cut.lost() == null ? null : directory.relativize(cut.lost()).toString());
        return report;
      } finally {
        close(lock);
      }
    } catch (IOException e) {
      throw Failed.cannotOpen(directory, e);
    }
  }
}
