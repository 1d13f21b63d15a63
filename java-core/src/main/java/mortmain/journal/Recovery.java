package mortmain.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import mortmain.disk.Disk;
import mortmain.disk.DiskFile;

/** Opens a directory: checks it, replays it, cuts off a torn tail, forces what may have been in the cache only. Used once, by one thread. */
final class Recovery {
  static final int FORMAT = 2;
  private static final String FORMAT_WORD = "mortmain ";
  static final String FORMAT_LINE = FORMAT_WORD + FORMAT + "\n";

  private final Home home;
  private final Disk disk;
  private final JournalOptions options;
  private final Footers footers;
  private final Waypoints waypoints = new Waypoints();
  private final List<Log.Unsealed> unsealed = new ArrayList<>();
  private final List<Segment> segments = new ArrayList<>();
  /** The walk that found the last valid frame. */
  private Walk lastFrame;

  private final Start start;

  Recovery(Home home, JournalOptions options, Footers footers, Start start) {
    this.start = start;
    this.footers = footers;
    this.home = home;
    this.disk = home.disk;
    this.options = options;
  }

  Recovered run(Journal.Replay replay) throws IOException {
    try {
      home.requireStore();
      disk.createDirectories(home.journal);
      checkFormat();
      String manifest = home.text(home.manifest);
      return manifest == null ? create() : recover(Manifest.parse(manifest), replay);
    } catch (IOException | RuntimeException | Error e) {
      closeAll(segments);
      throw e;
    }
  }

  static void closeAll(List<Segment> segments) throws IOException {
    for (Segment segment : segments) {
      segment.file().close();
    }
  }

  private void checkFormat() throws IOException {
    String text = home.text(Home.FORMAT);
    if (text == null) {
      if (home.text(home.manifest) != null) {
        throw new JournalDamaged(Home.FORMAT, 0, 1, JournalDamaged.UNKNOWN, "it is missing");
      }
      return;
    }
    int found = format(text);
    if (found > FORMAT) {
      throw new UnsupportedFormat(found, FORMAT);
    }
  }

  static int format(String text) throws JournalDamaged {
    String number = text.strip();
    if (!number.matches(FORMAT_WORD + "[0-9]{1,9}")) {
      throw new JournalDamaged(Home.FORMAT, 0, 1, JournalDamaged.UNKNOWN, "it holds no format version");
    }
    return Integer.parseInt(number.substring(FORMAT_WORD.length()));
  }

  /** MANIFEST comes last: without it, nothing was ever acknowledged here. */
  private Recovered create() throws IOException {
    if (start.revision() > 0) {
      throw new JournalDamaged(Home.MANIFEST, 0, 1, start.revision(), "it is missing" + wasDurable());
    }
    refuseUnlisted(0, Set.of());
    removeUnlisted(Set.of());
    DiskFile file = new SegmentMaker(home, options).make(1, options.nominalSize(1));
    Segment first = new Segment(1, options.salt().getAsLong(), file.size(), 0, 0, file);
    segments.add(first);
    first.writeHeader();
    file.force();
    home.replace(Home.FORMAT, FORMAT_LINE);
    home.replace(home.manifest, Manifest.of(segments).text());
    return new Recovered(segments, Segment.HEADER, 0, 0, true, waypoints);
  }

  private Recovered recover(Manifest manifest, Journal.Replay replay) throws IOException {
    List<Manifest.Listed> listed = manifest.segments();
    requireOfStart(listed);
    Walk walk = null;
    for (Manifest.Listed each : listed) {
      Segment segment = open(home, each, walk);
      segments.add(segment);
      if (start.segments().getOrDefault(segment.number(), segment.salt()) != segment.salt()) {
        throw new Start.Stale("segment " + segment.number() + " is another one");
      }
      boolean last = each.equals(listed.get(listed.size() - 1));
      Footer footer = last ? null : Footer.find(segment);
      if (footer != null) {
        footers.found(segment.number(), footer.contentAt(), footer.content());
      }
      if (footer != null && start.segments().containsKey(segment.number()) && isBefore(segment, footer) && footers.knows(segment.number())) {
        walk = new Walk(segment, new Waypoints.Place(footer.offset(), footer.previousCrc(), footer.last()));
        continue; // the header of the next one tells whether this footer is right about its end
      }
      walk = new Walk(segment);
      walk(walk, replay, footer == null ? segment.size() : footer.offset());
      if (!last) {
        sealed(walk, footer);
      }
    }
    requireKnown(walk);
    Set<Integer> numbers = new HashSet<>();
    segments.forEach(segment -> numbers.add(segment.number()));
    Segment last = segments.get(segments.size() - 1);
    int newest = numbers.stream().mapToInt(number -> number).filter(number -> !Segment.isRewritten(number)).max().orElse(0);
    refuseUnlisted(newest, numbers);
    cutTornTail(walk);
    makeDurable(last);
    removeUnlisted(numbers);
    if (!FORMAT_LINE.equals(home.text(Home.FORMAT))) {
      home.replace(Home.FORMAT, FORMAT_LINE); // an older version must not read what this one will write
    }
    unsealed.forEach(each -> Log.writeFooter(footers, each));
    boolean endsWithMark = lastFrame == null || lastFrame.frameIsMark();
    return new Recovered(segments, walk.position(), walk.crc(), walk.linkRevision(), endsWithMark, waypoints);
  }

  private boolean isBefore(Segment segment, Footer footer) {
    return (segment.rewritten() == null ? footer.last() : segment.rewritten().lastRevision()) <= start.revision();
  }

  private void requireOfStart(List<Manifest.Listed> listed) throws IOException {
    Set<Integer> numbers = new HashSet<>();
    listed.forEach(each -> numbers.add(each.number()));
    if (!numbers.containsAll(start.segments().keySet())) {
      throw new Start.Stale("segments were rewritten since");
    }
  }

  private String wasDurable() {
    return ": revision " + start.revision() + " was durable when index/state was written (if an older copy of the journal was put here on purpose,"
        + " remove the folder index/)";
  }

  /** What compaction dropped, it dropped because of what came later: without that, the journal says what never was. */
  private void requireKnown(Walk last) throws IOException {
    if (start.revision() > last.linkRevision()) {
      throw new JournalDamaged(Home.relative(last.segment().number()), last.position(), last.linkRevision() + 1, start.revision(),
          "its end was cut off" + wasDurable());
    }
    for (Segment segment : segments) {
      if (segment.rewritten() != null && segment.rewritten().knew() > last.linkRevision()) {
        throw new JournalDamaged(Home.relative(last.segment().number()), last.position(), last.linkRevision() + 1, segment.rewritten().knew(),
            "its end was cut off: " + Home.name(segment.number()) + " was compacted when revision " + segment.rewritten().knew() + " was durable");
      }
    }
  }

  /** Opens a listed segment and checks that it continues the walk of the one before. */
  static Segment open(Home home, Manifest.Listed listed, Walk before) throws IOException {
    Segment segment = open(home, listed, before == null ? 0 : before.linkRevision(), home.disk::open);
    try {
      requireContinues(segment, before, Home.relative(listed.number()));
      return segment;
    } catch (IOException | RuntimeException e) {
      DiskFile file = segment.file();
      try (file) {
        throw e;
      }
    }
  }

  /** How a segment's file is opened. */
  interface Opening {
    DiskFile open(Path path) throws IOException;
  }

  /** Opens a listed segment, whatever it continues. */
  static Segment open(Home home, Manifest.Listed listed, long revision, Opening opening) throws IOException {
    String name = Home.relative(listed.number());
    Path path = home.segment(listed.number());
    if (!home.disk.exists(path)) {
      throw new JournalDamaged(name, 0, revision + 1, JournalDamaged.UNKNOWN, "it is missing");
    }
    DiskFile file = opening.open(path);
    try {
      Segment segment = Segment.read(file, listed.number());
      if (segment == null) {
        throw new JournalDamaged(name, 0, revision + 1, JournalDamaged.UNKNOWN, "its header is not valid");
      }
      if (file.size() != segment.size() || segment.size() != listed.size()) {
        throw new JournalDamaged(name, file.size(), revision + 1, JournalDamaged.UNKNOWN,
            "it has " + file.size() + " bytes instead of " + listed.size());
      }
      return segment;
    } catch (IOException | RuntimeException e) {
      try (file) {
        throw e;
      }
    }
  }

  private static void requireContinues(Segment segment, Walk before, String name) throws IOException {
    int crc = before == null ? 0 : before.linkCrc();
    long revision = before == null ? 0 : before.linkRevision();
    if (segment.previousCrc() == crc && segment.previousRevision() == revision) {
      return;
    }
    if (before == null) {
      throw new JournalDamaged(name, 0, 1, segment.previousRevision(), "the segments before it are not listed");
    }
    throw new JournalDamaged(Home.relative(before.segment().number()), before.position(), revision + 1,
        Math.max(revision + 1, segment.previousRevision()),
        before.fault() == null ? "its end was cut off: " + name + " continues another frame" : before.fault());
  }

  private void walk(Walk walk, Journal.Replay replay, long limit) throws IOException {
    int number = walk.segment().number();
    while (true) {
      waypoints.add(number, walk.position(), walk.crc(), walk.revision());
      if (!walk.next(limit)) {
        return;
      }
      walk.replay(replay);
      lastFrame = walk;
    }
  }

  /** Judges the end of a segment that has a successor; without a valid footer it gets one when everything else was found right. */
  private void sealed(Walk walk, Footer footer) throws IOException {
    Segment segment = walk.segment();
    requireWhole(walk);
    if (footer != null) {
      requireOfThisSegment(footer, walk);
      requireCleanEnd(walk, footer.offset());
      return;
    }
    Log.Unsealed each = new Log.Unsealed(segment, footers.content(segment.number()), walk.position(), walk.crc(), walk.revision());
    if (each.content() != null) {
      requireCleanEnd(walk, each.hasRoom() ? segment.size() - Footer.length(each.content().length) : segment.size());
      unsealed.add(each);
    }
  }

  static void requireWhole(Walk walk) throws IOException {
    if (!walk.isWhole()) {
      throw new JournalDamaged(Home.relative(walk.segment().number()), walk.position(), walk.revision() + 1, walk.linkRevision(),
          walk.fault() == null ? "its end was cut off" : walk.fault());
    }
  }

  static void requireOfThisSegment(Footer footer, Walk walk) throws IOException {
    if (footer.last() != walk.revision() || footer.previousCrc() != walk.crc()) {
      String reason = "its end was cut off: its footer knows revision " + footer.last() + ", its last frame ends at " + walk.revision();
      throw new JournalDamaged(Home.relative(walk.segment().number()), walk.position(), walk.revision() + 1,
          Math.max(walk.revision() + 1, footer.last()), walk.fault() == null ? reason : walk.fault());
    }
  }

  /**
   * What follows the last frame of a segment that has a successor was durable before the successor began: it must be zero up to where the
   * footer is or may be.
   */
  static void requireCleanEnd(Walk walk, long limit) throws IOException {
    Segment segment = walk.segment();
    if (!walk.window().zero(walk.position(), limit)) {
      throw new JournalDamaged(Home.relative(segment.number()), walk.position(), walk.revision() + 1, JournalDamaged.UNKNOWN,
          walk.fault() == null ? "bytes after its last frame" : walk.fault());
    }
  }

  private void cutTornTail(Walk walk) throws IOException {
    Tail tail = new Tail(walk);
    long end = tail.end();
    if (end == walk.position()) {
      return;
    }
    Segment segment = walk.segment();
    tail.requireTorn(Home.relative(segment.number()), end);
    Path folder = home.lostFolder(options.clock(), "torn");
    home.copy(segment.file(), walk.position(), end, folder.resolve(Home.name(segment.number()) + "@" + walk.position()));
    Tail.zero(segment, walk.position(), end);
  }

  /**
   * Writes the last frame again, with the same bytes: it may lie in the page cache only, because the process was killed before its force, or
   * because the force failed and the kernel forgot that the page is dirty.
   */
  private void makeDurable(Segment last) throws IOException {
    last.writeHeader();
    if (lastFrame != null) {
      Segment segment = lastFrame.segment();
      ByteBuffer bytes = lastFrame.window().range(lastFrame.frameStart(), lastFrame.frameLength());
      int at = lastFrame.window().index(lastFrame.frameStart());
      segment.file().writeFully(lastFrame.frameStart(), bytes.position(at).limit(at + lastFrame.frameLength()));
      segment.file().force();
    }
    last.file().force();
    disk.forceDirectory(home.journal);
    disk.forceDirectory(home.root);
  }

  /** No frame is written before its segment is listed, so an unlisted segment that holds one means that MANIFEST is an old one. */
  private void refuseUnlisted(int last, Set<Integer> listed) throws IOException {
    for (String name : disk.list(home.journal)) {
      if (!Home.isSegment(name) || listed.contains(Home.number(name)) || Home.number(name) < last
          || Segment.isRewritten(Home.number(name))) {
        continue; // an unfinished compaction, or what it replaced
      }
      try (DiskFile file = disk.open(home.journal.resolve(name))) {
        Segment segment = Segment.read(file, Home.number(name));
        if (segment != null && segment.size() == file.size() && new Walk(segment).next(segment.size())) {
          throw new JournalDamaged(Home.MANIFEST, 0, segment.previousRevision() + 1, JournalDamaged.UNKNOWN,
              "it does not list " + name + ", which holds records");
        }
      }
    }
  }

  private void removeUnlisted(Set<Integer> listed) throws IOException {
    boolean removed = false;
    for (String name : disk.list(home.journal)) {
      if (Home.isSegment(name) && !listed.contains(Home.number(name))) {
        disk.delete(home.journal.resolve(name));
        removed = true;
      }
    }
    if (removed) {
      disk.forceDirectory(home.journal);
    }
    removed = false;
    for (String name : List.of(home.manifest + ".tmp", Home.FORMAT + ".tmp")) {
      if (disk.exists(home.root.resolve(name))) {
        disk.delete(home.root.resolve(name));
        removed = true;
      }
    }
    if (removed) {
      disk.forceDirectory(home.root);
    }
  }
}
