package mortmain.journal;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import mortmain.disk.MemoryDisk;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A hundred thousand crash images: every byte prefix and every choice of sectors of each unforced batch, and of each way to the next segment (its
 * file, its header, MANIFEST), and then the same again while some of these images are recovered. Each is recovered, and held against what was
 * acknowledged and what was issued.
 */
@Tag("slow")
class CrashImagesTest {
  private static final int WANTED = 100_000;
  /** Of so many images one crashes again while it is recovered; fewer is deeper. */
  private static final int AGAIN = Integer.getInteger("mortmain.crash.again", 20);

  @Test
  void everyImageOfEveryCrashAndOfTheSecondCrashIsRecovered() throws IOException {
    int frames = frames();
    int segments = segments();
    System.out.println("crash images of the journal: " + (frames + segments) + " recovered, " + frames + " of frames, " + segments + " of changes of segment; bad 0");
    assertTrue(frames + segments >= WANTED, () -> frames + segments + " images");
  }

  private static int frames() throws IOException {
    CrashExplorer explorer = new CrashExplorer();
    MemoryDisk disk = new MemoryDisk();
    explorer.explore(disk, () -> {
      Journal journal = explorer.open(disk, new Replayed());
      for (int i = 0; i < 12; i++) {
        explorer.commit(journal, 40 * i, 3, 0);
      }
      explorer.append(journal, 700, 900);
      explorer.append(journal, 30);
      journal.close();
    }, explorer.crashAgainInOneOf(AGAIN));
    return explorer.images;
  }

  private static int segments() throws IOException {
    CrashExplorer explorer = new CrashExplorer();
    MemoryDisk disk = new MemoryDisk();
    Journal journal = explorer.open(disk, new Replayed());
    explorer.commit(journal, 500);
    explorer.explore(disk, () -> {
      explorer.commit(journal, 1400);
      explorer.commit(journal, 2300);
      explorer.commit(journal, 100);
    }, explorer.crashAgainInOneOf(2 * AGAIN));
    journal.close();
    return explorer.images;
  }
}
