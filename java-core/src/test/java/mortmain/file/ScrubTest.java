package mortmain.file;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static mortmain.Request.by;
import static mortmain.Request.key;
import static mortmain.file.StoreFixture.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import mortmain.Request;
import mortmain.disk.MemoryDisk;
import mortmain.engine.ManualClock;
import mortmain.journal.JournalOptions;
import mortmain.model.ErrorCode;
import mortmain.model.Limits;
import mortmain.model.ReadOptions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A medium that forgets what it was told long ago is found out while the store goes on. */
class ScrubTest {
  private static final Path FIRST = FileSubject.DIRECTORY.resolve("journal/00000001.seg");
  private static final Logger LOG = Logger.getLogger("mortmain");

  private final ManualClock clock = new ManualClock();
  private final MemoryDisk disk = new MemoryDisk();
  private final FileSubject subject =
      new FileSubject(disk, clock, Limits.DEFAULT, JournalOptions.defaults().segments(4096, 8192).background(Runnable::run));
  private final List<String> logged = new ArrayList<>();
  private final Handler handler = new Handler() {
    @Override
    public void publish(LogRecord record) {
      logged.add(record.getMessage());
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  };

  @BeforeEach
  void fill() {
    LOG.addHandler(handler);
    for (int i = 0; i < 50; i++) {
      subject.store().commit(by("w").create("k" + i, "\"" + "x".repeat(400) + "\"").commit());
    }
  }

  @AfterEach
  void close() {
    LOG.removeHandler(handler);
    subject.close();
  }

  private Map<String, Object> round() {
    subject.engine().scrub().round(bytes -> { });
    return subject.engine().scrub().info();
  }

  private void flip(int at) throws IOException {
    byte flipped = (byte) (disk.content(FIRST)[at] ^ 4);
    disk.open(FIRST).write(at, ByteBuffer.wrap(new byte[] {flipped}));
  }

  @Test
  void everySealedSegmentIsReadAndASoundOneIsWell() {
    Map<String, Object> info = round();
    assertEquals((long) subject.engine().decisions().journal().sealed().size(), info.get("segments"));
    assertTrue((long) info.get("segments") > 3);
    assertEquals(List.of(), info.get("faults"));
    assertEquals(1L, info.get("rounds"));
  }

  @Test
  void aFlippedBitIsToldOnceAndTheStoreServesOn() throws IOException {
    flip(1300);
    assertEquals(1, ((List<?>) round().get("faults")).size());
    assertTrue(logged.get(0).contains("journal/00000001.seg is damaged at byte"), () -> logged.toString());
    round();
    assertEquals(1, logged.size());
    assertEquals(1, subject.store().commit(by("w").create("new", "1").commit()).keys().get(0).version());
    flip(1300);
    assertEquals(List.of(), round().get("faults"));
  }

  @Test
  void aReadOfWhatIsDamagedIsRefusedAndOthersAreNot() throws IOException {
    subject.restart(); // no value is cached
    byte[] bytes = disk.content(FIRST);
    int value = new String(bytes, ISO_8859_1).indexOf("xxxxxxxx");
    flip(value + 100);
    refused(ErrorCode.CORRUPT, () -> subject.store().read(List.of(key("k0")), ReadOptions.NEWEST));
    assertEquals(402, Request.text(subject.store().read(List.of(key("k1")), ReadOptions.NEWEST).snapshots().get(0)).length());
  }

  @Test
  void aSegmentThatIsRewrittenMeanwhileIsNoFault() {
    for (int i = 0; i < 50; i++) {
      subject.store().commit(by("w").on(subject.store().read(List.of(key("k" + i)), ReadOptions.NEWEST).snapshots().get(0)).put("k" + i, "1").commit());
    }
    subject.keeping(1, 0);
    boolean[] done = new boolean[1];
    subject.engine().scrub().round(bytes -> {
      if (!done[0]) {
        done[0] = true;
        for (int second = 0; second < 70; second++) {
          clock.advance(1_000_000_000L);
          subject.tick();
        }
        subject.compact();
      }
    });
    assertEquals(List.of(), subject.engine().scrub().info().get("faults"));
  }
}
