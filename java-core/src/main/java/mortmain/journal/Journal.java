package mortmain.journal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import mortmain.disk.Disk;

/**
 * A durable, ordered log of opaque records: append, then wait until it is forced. The bytes on disk are laid out on the package's page.
 *
 * <p>Safe for use by several threads, but calls of {@link #append} must be serialised by the caller, whose order of revisions they are.
 * The first failed write or force poisons the journal: see {@link JournalPoisoned}. It does not take the directory's lock:
 * {@link DirectoryLock} does.
 */
public final class Journal implements AutoCloseable {
  private final Log log;
  private final GroupCommit commits;

  private Journal(Log log, GroupCommit commits) {
    this.log = log;
    this.commits = commits;
  }

  /** Takes the records at open. */
  @FunctionalInterface
  public interface Replay {
    /**
     * One record; called in order of revisions, by the opening thread. The buffer is valid during the call only.
     *
     * @param segment and offset: what {@link Record#placed} was told
     */
    void record(int segment, int offset, long revision, ByteBuffer bytes) throws IOException;
  }

  /**
   * Opens or creates the journal in the directory (its journal/ folder, MANIFEST and FORMAT), gives every valid record to replay, in order,
   * cuts off a torn tail, and forces before it returns, so that everything that was replayed is durable then. The caller holds the
   * directory's lock. Throws {@link JournalDamaged} and {@link UnsupportedFormat}, both before anything was changed.
   */
  public static Journal open(Disk disk, Path directory, JournalOptions options, Replay replay) throws IOException {
    return open(disk, directory, options, replay, Footers.NONE);
  }

  /** The same, with footers at the ends of sealed segments. */
  public static Journal open(Disk disk, Path directory, JournalOptions options, Replay replay, Footers footers) throws IOException {
    return open(disk, directory, options, replay, footers, Start.NOTHING);
  }

  /**
   * The same for an engine that knows the state up to a revision already: segments that end before it, and have a footer, are not read; replay
   * gets the records of the others, older ones too. Throws {@link Start.Stale}; then, and on {@link JournalDamaged}, the engine begins again with
   * {@link Start#unknown}: what is thrown then is meant.
   */
  public static Journal open(Disk disk, Path directory, JournalOptions options, Replay replay, Footers footers, Start start) throws IOException {
    return open(new Home(disk, directory), options, replay, footers, start);
  }

  /** The same, of a directory into which {@link JournalBackup#copyBack} has copied and which is no store before {@link JournalBackup#finish}. */
  public static Journal openRestoring(Disk disk, Path directory, JournalOptions options, Replay replay, Footers footers) throws IOException {
    return open(new Home(disk, directory, Home.RESTORING), options, replay, footers, Start.NOTHING);
  }

  private static Journal open(Home home, JournalOptions options, Replay replay, Footers footers, Start start) throws IOException {
    Recovered recovered = new Recovery(home, options, footers, start).run(replay);
    Log log = new Log(home, options, footers, recovered);
    return new Journal(log, new GroupCommit(log, options, recovered));
  }

  /**
   * Adds records to the pending frame; never blocks on the disk. Records of one call are never split over frames. Revisions increase from
   * call to call; inside one call they may be equal. Throws {@link JournalPoisoned} when poisoned or closed.
   */
  public void append(List<Record> records) {
    commits.append(records);
  }

  /** Every record with this revision or a lower one is forced. */
  public long durableRevision() {
    return commits.durable();
  }

  /**
   * Returns when every record up to this revision is forced; leads the force if nobody does. Throws {@link JournalPoisoned}. An interrupt
   * does not end it; the flag is set again on return.
   */
  public void awaitDurable(long revision) {
    commits.await(revision);
  }

  /**
   * Runs the action when the revision is durable (null) or failed: at once in the calling thread if that is known, else in the thread that
   * forces. It should be short: the forcing thread's own caller waits for it. Actions of one frame run in order; those of the next frame
   * may run at the same time in another thread.
   */
  public void whenDurable(long revision, Consumer<JournalPoisoned> action) {
    commits.whenDurable(revision, action);
  }

  /**
   * Makes someone force what is pending, the caller if nobody else does. Returns when nothing is pending that nobody leads. Failures are
   * told to those who wait and to the actions, not here.
   */
  public void drive() {
    commits.drive();
  }

  /**
   * As {@link #drive}, on a thread of the journal's own: for callers that have others to serve meanwhile. It waits until so many records are
   * pending, at most so many nanoseconds, and not at all for what somebody drives or awaits.
   */
  public void driveElsewhere(int records, long nanos) {
    commits.driveElsewhere(records, nanos);
  }

  /** Keeps files where they are; ends when it is closed. */
  @FunctionalInterface
  public interface Hold extends AutoCloseable {
    @Override
    void close();
  }

  /** From now on no place that was not known to be an old one becomes unreadable. Taken before a place is looked up, and held while it is read. */
  public Hold hold() {
    return log.holds().take();
  }

  /** The salts of the segments, by number: what {@link Start} tells them by. */
  public Map<Integer, Long> salts() {
    Map<Integer, Long> salts = new TreeMap<>();
    log.segments().forEach(segment -> salts.put(segment.number(), segment.salt()));
    return salts;
  }

  /** The segments that take no more frames, in order. */
  public List<Sealed> sealed() {
    List<Segment> segments = log.segments();
    List<Sealed> sealed = new ArrayList<>(segments.size());
    for (int i = 0; i + 1 < segments.size(); i++) {
      Segment segment = segments.get(i);
      sealed.add(new Sealed(segment.number(), segment.size(), segment.previousRevision(), segments.get(i + 1).previousRevision(),
          segment.rewritten() != null));
    }
    return sealed;
  }

  /** Begins to write these sealed segments, which follow each other, anew; one rewrite at a time. */
  public Rewrite rewrite(List<Sealed> run) throws IOException {
    log.awaitSealed();
    List<Segment> live = log.segments();
    List<Segment> segments = new ArrayList<>(run.size());
    for (Sealed each : run) {
      segments.add(log.segment(each.number()));
    }
    Segment successor = live.get(live.indexOf(segments.get(segments.size() - 1)) + 1);
    return new Rewrite(log, segments, successor, log.nextRewritten());
  }

  /** Removes the files of rewritten segments that nobody reads any more. */
  public void removeUnread() throws IOException {
    log.retired().removeUnread();
  }

  /** Fills the array from written bytes at this place. Callers check their own CRC. */
  public void read(int segment, int offset, byte[] into) throws IOException {
    log.segment(segment).file().readFully(offset, ByteBuffer.wrap(into));
  }

  /** Takes records that are read again. */
  @FunctionalInterface
  public interface Reader {
    /** One record, as {@link Replay#record} got it. Returns whether it wants more. */
    boolean record(int segment, int offset, long revision, ByteBuffer bytes) throws IOException;
  }

  /**
   * Gives the forced records with a higher revision than {@code after}, in order, until the reader wants no more; returns the last revision
   * that it was given, {@code after} if there was none. Throws {@link JournalDamaged}.
   */
  public long read(long after, Reader reader) throws IOException {
    if (after >= commits.durable()) {
      return after;
    }
    Hold hold = hold();
    try {
      return new Rereading(log, after).run(reader);
    } finally {
      hold.close();
    }
  }

  /** Waits until a higher revision than this is durable, the journal is closed or poisoned, or the time is over. An interrupt ends it too. */
  public void awaitBeyond(long revision, long nanos) throws InterruptedException {
    commits.awaitBeyond(revision, nanos);
  }

  /** Nothing more will become durable: it is closed or poisoned. */
  public boolean isOver() {
    return commits.isOver();
  }

  /** Checks every forced frame of every segment; writing goes on meanwhile. Throws {@link JournalDamaged}. */
  public VerifyReport verify() throws IOException {
    return verify(read -> { });
  }

  /** The same; {@code between} hears of every frame. */
  public VerifyReport verify(Between between) throws IOException {
    Hold hold = hold();
    try {
      Log.Live live = log.live();
      log.awaitSealed(); // no footer is looked at while it is written
      return new Verification(null, between).run(live);
    } finally {
      hold.close();
    }
  }

  /** Hears of every frame that was read; what it throws ends the reading. */
  @FunctionalInterface
  public interface Between {
    void read(int bytes) throws IOException;
  }

  /**
   * Checks every frame of one sealed segment, as slowly as {@code between} lets it; does nothing when it is none any more. Throws
   * {@link JournalDamaged}.
   */
  public void verify(int sealed, Between between) throws IOException {
    Hold hold = hold();
    try {
      List<Segment> live = log.live().segments();
      log.awaitSealed();
      for (int i = 0; i + 1 < live.size(); i++) {
        if (live.get(i).number() == sealed) {
          new Verification(null, between).runSealed(live.get(i), live.get(i + 1));
        }
      }
    } finally {
      hold.close();
    }
  }

  /**
   * Copies everything that is forced into an empty or missing directory, as a {@link JournalBackup}, and checks the copy; writing goes on
   * meanwhile. {@code store}: whose journal this is, one word, for the backup's seal. Throws {@link JournalDamaged}, and
   * {@link JournalBackup.NotPossible} when the directory is not empty or has no room.
   */
  public BackupReport backup(Path target, String store, JournalBackup.Progress progress) throws IOException {
    return new BackupWriter(log, target, store, progress).run();
  }

  /** The last revision that was appended, durable or not. */
  public long lastRevision() {
    return commits.appended();
  }

  /** Size of the live segments in bytes. */
  public long bytesOnDisk() {
    return log.bytesOnDisk();
  }

  public JournalStats stats() {
    return commits.stats();
  }

  /** Forces an empty frame if records were appended since the last one: then the last acknowledged frame is not the last one on disk. */
  public void mark() {
    commits.mark();
  }

  /** Forces what is pending and a mark, and closes the files. After a failure it only closes them. Further calls do nothing. */
  @Override
  public void close() {
    commits.close();
    try {
      log.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
