package mortmain.journal;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import mortmain.disk.DiskFile;

/**
 * The live segments, and the place where the next frame goes.
 *
 * <p>Written by one thread at a time, the leader, which hands over under a lock; {@link #replace} and what only looks may be called by
 * anybody.
 */
final class Log implements Writing {
  /** A place up to which all frames are forced. */
  record End(Segment segment, long position) {}

  /** The segments at one time, the end in the last of them. */
  record Live(List<Segment> segments, End end) {}

  private final Home home;
  private final JournalOptions options;
  private final Footers footers;
  private final SegmentMaker maker;
  private final FrameWriter writer = new FrameWriter();
  /** Replaced under the lock of {@link #manifest}, and MANIFEST before. */
  private volatile List<Segment> segments;
  private volatile End end;
  private volatile Map<Integer, Segment> byNumber;
  private final Object manifest = new Object();
  private final Holds holds = new Holds();
  private final Retired retired;
  private volatile IOException broken;
  private final List<FutureTask<?>> sealing = new ArrayList<>();
  private final Waypoints waypoints;
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
    this.retired = new Retired(home, holds);
    this.current = recovered.segments().get(recovered.segments().size() - 1);
    this.position = recovered.position();
    this.crc = recovered.crc();
    this.revision = recovered.revision();
    this.end = new End(current, position);
    list(recovered.segments());
    prepareNext();
  }

  private void list(List<Segment> now) {
    Map<Integer, Segment> numbers = new HashMap<>();
    now.forEach(segment -> numbers.put(segment.number(), segment));
    byNumber = numbers;
    segments = List.copyOf(now);
  }

  @Override
  public void write(Batch batch) throws IOException {
    if (broken != null) {
      throw new IOException(broken.getMessage(), broken);
    }
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
      maker.prepare(nextNumber());
    }
  }

  /** Segments that take frames are numbered on, whatever was rewritten. */
  private int nextNumber() {
    int number = current.number();
    if (Segment.isRewritten(number)) { // an explicit repair cut the journal inside of one
      number = segments.stream().mapToInt(Segment::number).filter(each -> !Segment.isRewritten(each)).max().orElse(0);
    }
    return number + 1;
  }

  private long footerRoom(int segment, Batch batch) {
    long content = footers.room(segment, batch.records);
    return content == 0 ? 0 : Footer.length(content);
  }

  /** Goes to the next segment. The order of the forces is the one that the package's page gives. */
  private void advance(long frame, Batch batch) throws IOException {
    int number = nextNumber();
    DiskFile file = maker.take(number, (Segment.HEADER + frame + footerRoom(number, batch) + 4095) / 4096 * 4096);
    Segment next = new Segment(number, options.salt().getAsLong(), file.size(), crc, revision, file);
    next.writeHeader();
    file.force();
    synchronized (manifest) {
      List<Segment> more = new ArrayList<>(segments);
      more.add(next);
      home.replace(home.manifest, Manifest.of(more).text());
      list(more);
    }
    end = new End(next, Segment.HEADER);
    seal(current, position, crc, revision);
    current = next;
    position = Segment.HEADER;
  }

  /** In the background: a footer may be missing, so no commit waits for it. */
  private void seal(Segment sealed, long lastEnd, int lastCrc, long last) {
    FutureTask<?> task = new FutureTask<>(() -> {
      writeFooter(footers, new Unsealed(sealed, footers.content(sealed.number()), lastEnd, lastCrc, last));
      return null;
    });
    synchronized (sealing) {
      sealing.removeIf(FutureTask::isDone);
      sealing.add(task);
    }
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

  @Override
  public long forceNanos() {
    return forceNanos;
  }

  Live live() {
    while (true) {
      End now = end;
      List<Segment> listed = segments;
      if (listed.get(listed.size() - 1).equals(now.segment())) {
        return new Live(listed, now);
      }
      Thread.onSpinWait(); // the next segment is listed, and its end not yet set
    }
  }

  JournalOptions options() {
    return options;
  }

  List<Segment> segments() {
    return segments;
  }

  /** A live segment, or one that was rewritten and whose file is still there. */
  Segment segment(int number) throws IOException {
    Segment segment = byNumber.get(number);
    segment = segment == null ? retired.find(number) : segment;
    if (segment == null) {
      throw new NoSegment(number);
    }
    return segment;
  }

  /**
   * Puts one segment in the place of a run of them, first in MANIFEST. When that fails half-way, both are on disk and either list is right, but
   * no frame may be written any more: nobody knows which names are durable.
   */
  void replace(List<Segment> run, Segment by) throws IOException {
    synchronized (manifest) {
      List<Segment> fewer = new ArrayList<>(segments);
      int at = fewer.indexOf(run.get(0));
      if (broken != null || at < 0 || !fewer.subList(at, at + run.size()).equals(run) || !options.beforeForce().getAsBoolean()) {
        throw new IOException("the segments are not ours to replace");
      }
      fewer.subList(at, at + run.size()).clear();
      fewer.add(at, by);
      home.prepare(home.manifest, Manifest.of(fewer).text());
      try {
        home.switchTo(home.manifest);
      } catch (IOException e) {
        broken = e;
        throw e;
      }
      retired.add(run);
      list(fewer);
    }
  }

  /** A number that no file has. */
  int nextRewritten() throws IOException {
    int next = Segment.FIRST_REWRITTEN;
    for (String name : home.disk.list(home.journal)) {
      next = Home.isSegment(name) ? Math.max(next, Home.number(name) + 1) : next;
    }
    return next;
  }

  Retired retired() {
    return retired;
  }

  /** Whether a footer is being written, or may be, for this segment. */
  void awaitSealed() {
    List<FutureTask<?>> tasks;
    synchronized (sealing) {
      tasks = List.copyOf(sealing);
    }
    await(tasks);
  }

  long bytesOnDisk() {
    long bytes = 0;
    for (Segment segment : segments) {
      bytes += segment.size();
    }
    return bytes + retired.bytes();
  }

  void close() throws IOException {
    maker.close();
    awaitSealed();
    IOException failure = null;
    List<Segment> open = new ArrayList<>(segments);
    open.addAll(retired.all());
    for (Segment segment : open) {
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

  private static void await(List<FutureTask<?>> tasks) {
    boolean interrupted = false;
    for (FutureTask<?> task : tasks) {
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
