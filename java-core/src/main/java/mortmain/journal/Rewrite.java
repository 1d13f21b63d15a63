package mortmain.journal;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Writes what is wanted of a run of sealed segments into one new segment, and puts that in their place. Nothing of it is listed before
 * {@link #install}, so whatever ends it earlier leaves a file that the next open removes. Used once, by one thread; commits go on.
 *
 * <p>The order: frames and holes are written and forced, then the header, forced, then the directory; then MANIFEST lists the new segment
 * instead of the run; {@link #moved} lets the old files go.
 */
public final class Rewrite implements AutoCloseable {
  /** The disk is shared with the commits: a force of all at once would make them wait. */
  private static final int FORCE_EVERY = 1 << 21;

  private final Log log;
  private final List<Segment> run;
  private final Path path;
  private final FrameWriter writer = new FrameWriter();
  private final Holes holes;
  private final long upTo;
  /** What the successor names as the last CRC before it. */
  private final int originalCrc;
  private Segment segment;
  private Batch batch = Batch.ofRecords();
  private long position = Segment.HEADER;
  private long forced;
  private int crc;
  private long last;
  private boolean installed;

  Rewrite(Log log, List<Segment> run, Segment successor, int number) throws IOException {
    this.log = log;
    this.run = run;
    this.upTo = successor.previousRevision();
    this.originalCrc = successor.previousCrc();
    Segment first = run.get(0);
    this.crc = first.previousCrc();
    this.last = first.previousRevision();
    this.holes = new Holes(last);
    this.path = log.home().segment(number);
    this.segment =
        new Segment(number, log.options().salt().getAsLong(), Integer.MAX_VALUE, crc, last, log.home().disk.create(path));
  }

  /** The number of the new segment. */
  public int number() {
    return segment.number();
  }

  /** Gives every record of the run, in order. Throws {@link JournalDamaged}. */
  public void read(Journal.Replay reader) throws IOException {
    for (int i = 0; i < run.size(); i++) {
      Walk walk = new Walk(run.get(i));
      long limit = run.get(i).rewritten() == null ? run.get(i).size() : run.get(i).rewritten().end();
      while (walk.next(limit)) {
        walk.replay(reader);
      }
      boolean last = i + 1 == run.size();
      int named = last ? originalCrc : run.get(i + 1).previousCrc();
      long after = last ? upTo : run.get(i + 1).previousRevision();
      if (!walk.isWhole() || named != walk.linkCrc() || after != walk.linkRevision()) {
        throw new JournalDamaged(Home.relative(run.get(i).number()), walk.position(), walk.revision() + 1, upTo,
            walk.fault() == null ? "its end was cut off" : walk.fault());
      }
    }
  }

  /** Adds a record, in order; it is told its place no later than in {@link #finish}. */
  public void add(Record record) throws IOException {
    long bytes = (long) Frame.RECORD_PREFIX + record.bytes().length;
    if (batch.body > 0 && batch.body + bytes > log.options().largestFrame() && batch.last < record.revision()) {
      flush();
    }
    batch.add(List.of(record), bytes);
    holes.present(record.revision());
  }

  private void flush() throws IOException {
    if (batch.body == 0) {
      return;
    }
    batch.place(segment.number(), position);
    log.waypoints().add(segment.number(), position, crc, last);
    crc = writer.write(segment, position, batch, crc);
    position += Frame.length(batch.body);
    last = batch.last;
    if (position - forced >= FORCE_EVERY) {
      segment.file().force();
      forced = position;
    }
    if (position > Frame.LARGEST) {
      throw new IOException("a rewritten segment of more than " + Frame.LARGEST + " bytes");
    }
    batch = Batch.ofRecords();
  }

  /** Every record has its place after this. */
  public void finish() throws IOException {
    flush();
    byte[] ranges = holes.upTo(upTo);
    crc = RawFrame.write(segment, position, Frame.HOLES, ranges, crc, last);
    position += Frame.length(ranges.length);
  }

  /** Bytes that the new segment will have with a footer of so many bytes of content. */
  public long size(int footer) {
    return position + (footer == 0 ? 0 : Footer.length(footer));
  }

  /**
   * Puts the new segment in the place of the run. The caller has seen to it that everything up to {@code knew}, which is all that it decided
   * on, is durable. Returns where the footer's content lies, 0 for none.
   */
  public int install(byte[] footer, long knew) throws IOException {
    long size = size(footer.length);
    segment = new Segment(segment.number(), segment.salt(), size, segment.previousCrc(), segment.previousRevision(), segment.file(),
        new Segment.Rewritten(originalCrc, upTo, position, crc, knew));
    int at = footer.length == 0 ? 0 : Footer.write(segment, footer, crc, last).contentAt();
    segment.file().force();
    segment.writeHeader();
    segment.file().force();
    log.home().disk.forceDirectory(log.home().journal);
    installed = true; // from here on the file may be listed, whatever fails
    log.replace(run, segment);
    return at;
  }

  /** Every place in the run was told where it is now: the old files go as soon as nobody reads them. */
  public void moved() throws IOException {
    run.forEach(each -> log.waypoints().remove(each.number()));
    log.retired().moved();
    log.retired().removeUnread();
  }

  /** Removes what was written, unless it was installed. */
  @Override
  public void close() throws IOException {
    if (!installed) {
      log.waypoints().remove(segment.number());
      segment.file().close();
      log.home().disk.delete(path);
    }
  }
}
