package mortmain.journal;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import mortmain.disk.DiskFile;

/**
 * The live segments, and the place where the next frame goes.
 *
 * <p>Used by one thread at a time, the leader, which hands over under a lock; only {@link #segment}, {@link #end} and {@link #bytesOnDisk}
 * may be called by anybody.
 */
final class Log {
  /** A place up to which all frames are forced. */
  record End(Segment segment, long position) {}

  private final Home home;
  private final JournalOptions options;
  private final Footers footers;
  private final SegmentMaker maker;
  private final FrameWriter writer = new FrameWriter();
  private volatile List<Segment> segments;
  private volatile End end;
  private final List<FutureTask<?>> sealing = new ArrayList<>();
  private final Waypoints waypoints;
  private final Holds holds = new Holds();
  private Segment current;
  private long position;
  private int crc;
  private long revision;
  private long forceNanos;

  Log(Home home, JournalOptions options, Footers footers, Recovered recovered) {
    this.home = home;
    this.options = options;
    this.footers = footers;
    this.waypoints = recovered.waypoints();
    this.maker = new SegmentMaker(home, options);
    this.segments = List.copyOf(recovered.segments());
    this.current = segments.get(segments.size() - 1);
    this.position = recovered.position();
    this.crc = recovered.crc();
    this.revision = recovered.revision();
    this.end = new End(current, position);
    prepareNext();
  }

  /** Places, writes and forces one frame. After any exception the log must not be used for writing again. */
  void write(Batch batch) throws IOException {
    long length = Frame.length(batch.body);
    if (position + length + footerRoom(current.number(), batch) > current.size()) {
      advance(length, batch);
    }
    batch.place(current.number(), position);
    if (!options.beforeForce().getAsBoolean()) {
      throw new IOException("the directory's LOCK is no longer ours; another process may own the store");
    }
    batch.handed = true;
    waypoints.add(current.number(), position, crc, revision);
    crc = writer.write(current, position, batch, crc);
    long before = System.nanoTime();
    current.file().force();
    forceNanos = System.nanoTime() - before;
    position += length;
    revision = batch.last;
    end = new End(current, position);
    prepareNext();
  }

  private void prepareNext() {
    if (position > current.size() / 2) {
      maker.prepare(current.number() + 1);
    }
  }

  private long footerRoom(int segment, Batch batch) {
    long content = footers.room(segment, batch.records);
    return content == 0 ? 0 : Footer.length(content);
  }

  /** Goes to the next segment. The order of the forces is the one that the package's page gives. */
  private void advance(long frame, Batch batch) throws IOException {
    int number = current.number() + 1;
    DiskFile file = maker.take(number, (Segment.HEADER + frame + footerRoom(number, batch) + 4095) / 4096 * 4096);
    Segment next = new Segment(number, options.salt().getAsLong(), file.size(), crc, revision, file);
    next.writeHeader();
    file.force();
    List<Segment> more = new ArrayList<>(segments);
    more.add(next);
    home.replace(home.manifest, Manifest.of(more).text());
    segments = List.copyOf(more);
    seal(current, position, crc, revision);
    current = next;
    position = Segment.HEADER;
  }

  /** In the background: a footer may be missing, so no commit waits for it. */
  private void seal(Segment sealed, long lastEnd, int lastCrc, long last) {
    sealing.removeIf(FutureTask::isDone);
    FutureTask<?> task = new FutureTask<>(() -> {
      writeFooter(footers, new Unsealed(sealed, footers.content(sealed.number()), lastEnd, lastCrc, last));
      return null;
    });
    sealing.add(task);
    options.background().execute(task);
  }

  /** A segment without a footer. */
  record Unsealed(Segment segment, byte[] content, long end, int lastCrc, long last) {
    boolean hasRoom() {
      return content != null && content.length > 0 && end + Footer.length(content.length) <= segment.size();
    }
  }

  /** What cannot be written stays in the engine's memory, and is made again at the next open. */
  static void writeFooter(Footers footers, Unsealed unsealed) {
    if (unsealed.hasRoom()) {
      try {
        Footer footer = Footer.write(unsealed.segment(), unsealed.content(), unsealed.lastCrc(), unsealed.last());
        footers.found(unsealed.segment().number(), footer.contentAt(), footer.content());
      } catch (IOException e) {
        // The records do not depend on it.
      }
    }
  }

  /** Who copies segments: their files must not be removed meanwhile. */
  Holds holds() {
    return holds;
  }

  Home home() {
    return home;
  }

  /** Nanoseconds of the last force of a frame. */
  long forceNanos() {
    return forceNanos;
  }

  List<Segment> segments() {
    return segments;
  }

  Segment segment(int number) throws IOException {
    List<Segment> live = segments;
    int low = 0;
    int high = live.size() - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      int found = live.get(middle).number();
      if (found == number) {
        return live.get(middle);
      }
      if (found < number) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    throw new IOException("there is no segment " + number);
  }

  End end() {
    return end;
  }

  long bytesOnDisk() {
    long bytes = 0;
    for (Segment segment : segments) {
      bytes += segment.size();
    }
    return bytes;
  }

  void close() throws IOException {
    maker.close();
    awaitSealed();
    IOException failure = null;
    for (Segment segment : segments) {
      try {
        segment.file().close();
      } catch (IOException e) {
        failure = failure == null ? e : failure;
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  private void awaitSealed() {
    boolean interrupted = false;
    for (FutureTask<?> task : sealing) {
      while (!task.isDone()) {
        try {
          task.get();
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (ExecutionException e) {
          break; // a footer less
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  Waypoints waypoints() {
    return waypoints;
  }
}
