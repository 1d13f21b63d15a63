package mortmain.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import mortmain.Request;
import mortmain.disk.Disk;
import mortmain.disk.FaultyDisk;
import mortmain.disk.MemoryDisk;
import mortmain.engine.ManualClock;
import mortmain.model.ErrorCode;
import mortmain.model.Limits;
import mortmain.model.MortmainException;
import mortmain.model.ReadOptions;
import mortmain.model.Receipt;
import mortmain.model.Rejection;
import mortmain.model.Snapshot;
import org.junit.jupiter.api.AfterEach;

/** A store on a disk in memory that can be made to fail, and a clock that stands still. */
abstract class StoreFixture {
  final ManualClock clock = new ManualClock();
  final MemoryDisk memory = new MemoryDisk();
  final FaultyDisk disk = new FaultyDisk(memory);
  final FileSubject subject = new FileSubject(disk, clock, limits());

  Limits limits() {
    return Limits.DEFAULT;
  }

  /** The same store after its process died: on what the disk keeps. */
  FileSubject reopened(Disk image) {
    return new FileSubject(image, clock, limits());
  }

  @AfterEach
  void close() {
    subject.close();
  }

  static Snapshot read(FileSubject from, String key) {
    return from.store().read(List.of(Request.key(key)), ReadOptions.NEWEST).snapshots().get(0);
  }

  Snapshot read(String key) {
    return read(subject, key);
  }

  String text(String key) {
    return Request.text(read(key));
  }

  Receipt commit(Request request) {
    return subject.store().commit(request.commit());
  }

  Rejection refused(ErrorCode code, Request request) {
    return refused(code, () -> commit(request));
  }

  static Rejection refused(ErrorCode code, Runnable call) {
    MortmainException refusal = assertThrows(MortmainException.class, call::run);
    assertEquals(code, refusal.code(), refusal.getMessage());
    return refusal.rejection();
  }

  void second() {
    clock.advance(1_000_000_000L);
    subject.tick();
  }
}
