package mortmain.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import mortmain.disk.Disk;
import mortmain.disk.DiskFile;

/**
 * Takes one backup of a journal that goes on being written: sealed segments as they are, the last one up to a forced frame. The copy is
 * read again and checked before it is sealed. Used once, by one thread.
 */
final class BackupWriter {
  private static final Set<String> OURS =
      Set.of("journal", Home.BACKUP + ".tmp", Home.MANIFEST, Home.MANIFEST + ".tmp", Home.FORMAT, Home.FORMAT + ".tmp");

  private final Log log;
  private final Disk disk;
  private final Home to;
  private final String store;
  private final JournalBackup.Progress progress;
  private long copied;
  private long total;

  BackupWriter(Log log, Path target, String store, JournalBackup.Progress progress) {
    this.log = log;
    this.disk = log.home().disk;
    this.to = new Home(disk, target);
    this.store = store;
    this.progress = progress;
  }

  BackupReport run() throws IOException {
    JournalBackup.requireVacant(to, Home.BACKUP_PARTIAL, OURS);
    Holds.Hold hold = log.holds().take();
    try {
      Log.Live live = log.live();
      Log.End end = live.end();
      List<Segment> from = live.segments();
      log.awaitSealed(); // no footer is copied while it is written
      requireRoom(from, end);
      disk.createDirectories(to.root);
      to.replace(Home.BACKUP_PARTIAL, "not a whole backup yet\n");
      JournalBackup.clear(to);
      disk.createDirectories(to.journal);
      for (Segment segment : from) {
        copy(segment, end);
      }
      disk.forceDirectory(to.journal);
      return seal(from, end);
    } finally {
      hold.close();
    }
  }

  private void requireRoom(List<Segment> from, Log.End end) throws IOException {
    for (Segment segment : from) {
      total += segment.equals(end.segment()) ? end.position() : segment.size();
    }
    Path existing = to.root.toAbsolutePath();
    while (!disk.exists(existing) && existing.getParent() != null) {
      existing = existing.getParent();
    }
    long usable = disk.usableSpace(existing);
    if (usable < total) {
      throw new JournalBackup.NotPossible(to.root + " has room for " + usable + " bytes, the backup takes " + total);
    }
  }

  private void copy(Segment segment, Log.End end) throws IOException {
    Path target = to.segment(segment.number());
    progress.copied(copied, total);
    if (!segment.equals(end.segment())) {
      disk.copy(log.home().segment(segment.number()), target);
      copied += segment.size();
    } else {
      disk.copy(segment.file(), end.position(), target);
      try (DiskFile file = disk.open(target)) { // what follows the forced frames is a hole
        file.writeFully(segment.size() - 1, ByteBuffer.allocate(1));
        file.force();
      }
      copied += end.position();
    }
    progress.copied(copied, total);
  }

  /** Only a copy that was read again from its own files is a backup. */
  private BackupReport seal(List<Segment> from, Log.End end) throws IOException {
    String manifest = Manifest.of(from).text();
    to.replace(Home.FORMAT, Recovery.FORMAT_LINE);
    to.replace(Home.MANIFEST, manifest);
    List<Segment> copies = new ArrayList<>();
    try {
      Verification check = new Verification();
      VerifyReport found = check.run(new Log.Live(JournalBackup.open(to, manifest, copies), new Log.End(copies.get(copies.size() - 1), end.position())));
      long now = Math.multiplyExact(Clock.systemUTC().millis(), 1000L);
      BackupSeal seal = new BackupSeal(store, found.lastRevision(), now, end.segment().number(), end.position(), check.lastCrc(), BackupSeal.crcOf(manifest));
      to.replace(Home.BACKUP, seal.text());
      disk.delete(to.root.resolve(Home.BACKUP_PARTIAL));
      disk.forceDirectory(to.root);
      return JournalBackup.report(seal, found);
    } finally {
      Recovery.closeAll(copies);
    }
  }
}
