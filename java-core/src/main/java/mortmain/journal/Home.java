package mortmain.journal;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.regex.Pattern;
import mortmain.disk.Disk;
import mortmain.disk.DiskFile;

/** The store's directory: names, small files replaced atomically, and copies of what is cut off. Immutable. */
final class Home {
  static final String MANIFEST = "MANIFEST";
  static final String FORMAT = "FORMAT";
  /** The manifest of a directory into which a backup is being restored; renamed to MANIFEST when all of it is there. */
  static final String RESTORING = "MANIFEST.restoring";
  /** What makes a directory a whole backup, and what it has until then. */
  static final String BACKUP = "BACKUP";

  static final String BACKUP_PARTIAL = "BACKUP.partial";
  private static final Pattern SEGMENT = Pattern.compile("[0-9]{8}\\.seg");
  private static final DateTimeFormatter STAMP = DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss.SSS'Z'").withZone(ZoneOffset.UTC);
  private static final int COPY_STEP = 1 << 18;

  final Disk disk;
  final Path root;
  final Path journal;
  /** MANIFEST, unless the store is being restored. */
  final String manifest;

  Home(Disk disk, Path root) {
    this(disk, root, MANIFEST);
  }

  Home(Disk disk, Path root, String manifest) {
    this.disk = disk;
    this.root = root;
    this.journal = root.resolve("journal");
    this.manifest = manifest;
  }

  /** A backup, or half a restore, is no store: opened as one it would make old claims and snapshots valid again. */
  void requireStore() throws IOException {
    if (disk.exists(root.resolve(BACKUP)) || disk.exists(root.resolve(BACKUP_PARTIAL))) {
      throw new IOException("it is a backup, not a store: restore it into another directory with `mortmain restore-backup`");
    }
    if (manifest.equals(MANIFEST) && disk.exists(root.resolve(RESTORING)) && !disk.exists(root.resolve(MANIFEST))) {
      throw new IOException("the restore of a backup into it was not finished: run `mortmain restore-backup` again");
    }
  }

  static String name(int segment) {
    return "%08d.seg".formatted(segment);
  }

  /** The name of a segment as errors give it: relative to the store's directory. */
  static String relative(int segment) {
    return "journal/" + name(segment);
  }

  Path segment(int number) {
    return journal.resolve(name(number));
  }

  static boolean isSegment(String name) {
    return SEGMENT.matcher(name).matches();
  }

  static int number(String name) {
    return Integer.parseInt(name.substring(0, 8));
  }

  /** The content of a small file of the directory, or null when there is none. */
  String text(String name) throws IOException {
    Path path = root.resolve(name);
    if (!disk.exists(path)) {
      return null;
    }
    try (DiskFile file = disk.open(path)) {
      ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(file.size(), 1 << 24));
      file.readFully(0, bytes);
      return new String(bytes.array(), StandardCharsets.UTF_8);
    }
  }

  /** Replaces a small file: temporary name, force, rename, force of the directory. */
  void replace(String name, String text) throws IOException {
    prepare(name, text);
    switchTo(name);
  }

  /** The first half of a replacement: a failure leaves the file as it was. */
  void prepare(String name, String text) throws IOException {
    Path temporary = root.resolve(name + ".tmp");
    if (disk.exists(temporary)) {
      disk.delete(temporary);
    }
    try (DiskFile file = disk.create(temporary)) {
      file.writeFully(0, ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
      file.force();
    }
  }

  /** The second half: after a failure, which of the two will be there is not known. */
  void switchTo(String name) throws IOException {
    disk.rename(root.resolve(name + ".tmp"), root.resolve(name));
    disk.forceDirectory(root);
  }

  /** Makes a new folder below lost/, named by the time and the reason. */
  Path lostFolder(Clock clock, String reason) throws IOException {
    String name = STAMP.format(clock.instant().truncatedTo(ChronoUnit.MILLIS)) + "-" + reason;
    Path folder = root.resolve("lost").resolve(name);
    for (int i = 2; disk.exists(folder); i++) {
      folder = root.resolve("lost").resolve(name + "-" + i);
    }
    disk.createDirectories(folder);
    return folder;
  }

  /** Copies a range of a file to a new file of the folder, forced. */
  void copy(DiskFile from, long start, long end, Path to) throws IOException {
    try (DiskFile copy = disk.create(to)) {
      ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(COPY_STEP, end - start));
      for (long at = start; at < end; ) {
        bytes.clear().limit((int) Math.min(bytes.capacity(), end - at));
        int length = bytes.remaining();
        from.readFully(at, bytes);
        copy.writeFully(at - start, bytes.flip());
        at += length;
      }
      copy.force();
    }
    Path folder = to.getParent();
    if (folder == null) {
      throw new FileNotFoundException(to.toString());
    }
    disk.forceDirectory(folder);
  }
}
