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

/**
 * A copy of a journal in a directory of its own: MANIFEST, FORMAT, journal/ and the seal BACKUP. It is no store: opening refuses it, because
 * every snapshot and claim of the original would be valid in it. It becomes one by {@link #copyBack}, an event of the engine that makes it
 * another store, and {@link #finish}; a directory in between is refused too. Stateless.
 */
public final class JournalBackup {
  /** What is no part of a store and may stand in a directory that is given to us. */
  private static final Set<String> NOBODYS = Set.of("lost+found");
  private static final Set<String> OF_A_RESTORE =
      Set.of("journal", "lost", Home.FORMAT, Home.FORMAT + ".tmp", Home.RESTORING + ".tmp");

  private JournalBackup() {}

  /** Hears how far a copy is; it should be quick. */
  @FunctionalInterface
  public interface Progress {
    void copied(long bytes, long of);
  }

  /** The directory that was named will not do; nothing was written. */
  public static final class NotPossible extends IOException {
    NotPossible(String reason) {
      super(reason);
    }
  }

  /** Whether the directory is a backup, whole or not. */
  public static boolean isBackup(Disk disk, Path directory) throws IOException {
    return disk.exists(directory.resolve(Home.BACKUP)) || disk.exists(directory.resolve(Home.BACKUP_PARTIAL));
  }

  /**
   * Checks every frame of a backup against its CRCs and against the seal, and shows every record; writes nothing. Throws
   * {@link JournalDamaged}, {@link UnsupportedFormat}, and {@link NotPossible} for what is no whole backup.
   */
  public static BackupReport verify(Disk disk, Path backup, Journal.Replay replay) throws IOException {
    Home home = new Home(disk, backup);
    BackupSeal seal = seal(home);
    List<Segment> segments = new ArrayList<>();
    try {
      open(home, manifest(home, seal), segments);
      Segment last = segments.get(segments.size() - 1);
      if (last.number() != seal.segment()) {
        throw new JournalDamaged(Home.BACKUP, 0, 1, JournalDamaged.UNKNOWN, "it ends in another segment than MANIFEST");
      }
      Verification check = new Verification(replay);
      VerifyReport found = check.run(new Log.Live(segments, new Log.End(last, seal.offset())));
      if (found.lastRevision() != seal.revision() || check.lastCrc() != seal.crc()) {
        throw new JournalDamaged(Home.relative(last.number()), seal.offset(), found.lastRevision() + 1, seal.revision(),
            "it ends at revision " + found.lastRevision() + ", the backup at " + seal.revision());
      }
      return report(seal, found);
    } finally {
      Recovery.closeAll(segments);
    }
  }

  static BackupReport report(BackupSeal seal, VerifyReport found) {
    return new BackupReport(seal.store(), seal.revision(), seal.takenAt(), found.segments(), found.frames(), found.records(), found.bytes());
  }

  private static BackupSeal seal(Home home) throws IOException {
    String text = home.text(Home.BACKUP);
    if (text == null) {
      boolean partial = home.disk.exists(home.root.resolve(Home.BACKUP_PARTIAL));
      throw new NotPossible(home.root + (partial ? " is a backup that was not finished: take it again" : " is no backup of a store"));
    }
    return BackupSeal.parse(text);
  }

  private static String manifest(Home home, BackupSeal seal) throws IOException {
    String manifest = home.text(Home.MANIFEST);
    if (manifest == null || BackupSeal.crcOf(manifest) != seal.manifestCrc()) {
      throw new JournalDamaged(Home.MANIFEST, 0, 1, JournalDamaged.UNKNOWN, manifest == null ? "it is missing" : "it is not the one of the backup");
    }
    String format = home.text(Home.FORMAT);
    int found = format == null ? Recovery.FORMAT : Recovery.format(format);
    if (found != Recovery.FORMAT) {
      throw UnsupportedFormat.ofBackup(found, Recovery.FORMAT);
    } else if (format == null || !format.equals(Recovery.FORMAT_LINE)) {
      throw new JournalDamaged(Home.FORMAT, 0, 1, JournalDamaged.UNKNOWN, "it is not the one of the backup");
    }
    return manifest;
  }

  /** Opens what the manifest lists, for reading alone, into the list, which the caller closes. */
  static List<Segment> open(Home home, String manifest, List<Segment> into) throws IOException {
    for (Manifest.Listed listed : Manifest.parse(manifest).segments()) {
      into.add(Recovery.open(home, listed, 0, home.disk::openForReading));
    }
    return into;
  }

  /** Throws {@link NotPossible} unless a backup could be restored into the directory: it is empty, or holds a restore that was not finished. */
  public static void requireVacant(Disk disk, Path directory) throws IOException {
    Set<String> ours = new HashSet<>(OF_A_RESTORE);
    requireVacant(new Home(disk, directory), Home.RESTORING, ours);
  }

  /** Empty, or with the marker of an unfinished copy and nothing but parts of it. */
  static void requireVacant(Home home, String marker, Set<String> parts) throws IOException {
    Disk disk = home.disk;
    if (!disk.exists(home.root)) {
      return;
    }
    List<String> names = disk.list(home.root);
    boolean begun = names.contains(marker);
    for (String name : names) {
      boolean ours = name.equals(marker) || name.equals(marker + ".tmp") || (begun && parts.contains(name));
      boolean ofAStart = name.equals("run") || DirectoryLock.FILES.contains(name);
      boolean allowed = NOBODYS.contains(name) || (marker.equals(Home.RESTORING) && ofAStart);
      if (!ours && !allowed) {
        throw new NotPossible(home.root + " is not empty (there is " + name + ")");
      }
    }
  }

  /** Removes the segments of an unfinished copy. */
  static void clear(Home home) throws IOException {
    if (home.disk.exists(home.journal)) {
      for (String name : home.disk.list(home.journal)) {
        home.disk.delete(home.journal.resolve(name));
      }
      home.disk.forceDirectory(home.journal);
    }
  }

  /**
   * Copies a backup that {@link #verify} found whole into a vacant directory whose lock the caller holds. It is no store yet: open it with
   * {@link Journal#openRestoring}.
   */
  public static void copyBack(Disk disk, Path backup, Path directory, Progress progress) throws IOException {
    requireVacant(disk, directory);
    Home from = new Home(disk, backup);
    Home to = new Home(disk, directory, Home.RESTORING);
    BackupSeal seal = seal(from);
    String manifest = manifest(from, seal);
    disk.createDirectories(directory);
    to.replace(Home.RESTORING, manifest); // first: from here on the directory says what it is
    disk.createDirectories(to.journal);
    clear(to);
    List<Segment> segments = new ArrayList<>();
    try {
      long total = 0;
      for (Segment segment : open(from, manifest, segments)) {
        total += segment.size();
      }
      long copied = 0;
      for (Segment segment : segments) {
        progress.copied(copied, total);
        Path target = to.segment(segment.number());
        if (segment.number() == seal.segment()) {
          disk.copy(segment.file(), seal.offset(), target);
          fill(disk, target, segment.size());
        } else {
          disk.copy(from.segment(segment.number()), target);
        }
        copied += segment.size();
        progress.copied(copied, total);
      }
    } finally {
      Recovery.closeAll(segments);
    }
    disk.forceDirectory(to.journal);
    to.replace(Home.FORMAT, Recovery.FORMAT_LINE);
  }

  /** The last segment is written on: its room is zeros for real. */
  private static void fill(Disk disk, Path target, long size) throws IOException {
    try (DiskFile file = disk.open(target)) {
      ByteBuffer zeros = ByteBuffer.allocate(Disk.COPY_STEP);
      for (long at = file.size(); at < size; ) {
        zeros.clear().limit((int) Math.min(zeros.capacity(), size - at));
        int length = zeros.remaining();
        file.writeFully(at, zeros);
        at += length;
      }
      file.force();
    }
  }

  /** Makes the directory a store, at once. */
  public static void finish(Disk disk, Path directory) throws IOException {
    disk.rename(directory.resolve(Home.RESTORING), directory.resolve(Home.MANIFEST));
    disk.forceDirectory(directory);
  }
}
