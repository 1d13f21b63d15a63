package mortmain.file;

import static mortmain.Request.by;
import static mortmain.Request.key;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import mortmain.Request;
import mortmain.disk.CountingDisk;
import mortmain.disk.MemoryDisk;
import mortmain.engine.ManualClock;
import mortmain.journal.JournalOptions;
import mortmain.model.Guard;
import mortmain.model.Limits;
import mortmain.model.ReadOptions;
import mortmain.model.Snapshot;
import mortmain.model.Value;
import mortmain.model.Write;
import org.junit.jupiter.api.Test;

/** The end of a list as it was costs the pieces that hold it, not the list. */
class LastItemsOfThePastTest {
  private static final int ITEMS = 500;
  private final CountingDisk disk = new CountingDisk(new MemoryDisk());
  private final ManualClock clock = new ManualClock();
  private final FileSubject subject =
      new FileSubject(disk, clock, Limits.DEFAULT, JournalOptions.defaults().segments(1 << 16, 1 << 16).background(Runnable::run));

  private static String item(int number) {
    return "\"" + number + "x".repeat(1000) + "\"";
  }

  private Snapshot last(long version, int n, boolean values) {
    return subject.store().readVersion(key("log"), version, new ReadOptions(-1, n, values, false)).snapshots().get(0);
  }

  @Test
  void onlyThePiecesThatHoldTheLastItemsAreRead() {
    String type = "application/json;model=Log";
    Write first = new Write.Put(key("log"), new Value(type, ("[" + item(0) + "]").getBytes(java.nio.charset.StandardCharsets.UTF_8)), false);
    subject.store().commit(by("a").guard(new Guard.Absent(key("log"))).write(first).commit());
    for (int i = 1; i < ITEMS; i++) {
      subject.store().commit(by("a").append("log", item(i)).commit());
    }
    subject.restart();
    disk.bytesRead();
    Snapshot whole = last(ITEMS - 10, -1, true);
    long all = disk.bytesRead();
    assertTrue(all > 400_000, () -> all + " bytes for the whole list");

    Snapshot end = last(ITEMS - 10, 3, true);
    long some = disk.bytesRead();
    assertTrue(some < all / 4, () -> some + " of " + all + " bytes for the last 3 items");
    assertEquals("[" + item(ITEMS - 13) + "," + item(ITEMS - 12) + "," + item(ITEMS - 11) + "]", Request.text(end));
    assertTrue(end.partial());
    assertEquals(type, end.value().contentType());
    assertEquals(type, whole.contentType());

    Snapshot bare = last(ITEMS - 10, -1, false);
    long none = disk.bytesRead();
    assertTrue(none < all / 4, () -> none + " of " + all + " bytes for no value at all");
    assertTrue(bare.exists());
    assertEquals(type, bare.contentType());

    Snapshot atRevision =
        subject.store().read(List.of(key("log")), new ReadOptions(whole.revision(), 3, true, false)).snapshots().get(0);
    long then = disk.bytesRead();
    assertTrue(then < all / 4, () -> then + " of " + all + " bytes at the revision");
    assertEquals(Request.text(end), Request.text(atRevision));
    assertEquals(whole.version(), last(ITEMS - 10, ITEMS * 2, true).version());
    assertEquals(Request.text(whole), Request.text(last(ITEMS - 10, ITEMS * 2, true)));
    subject.close();
  }
}
