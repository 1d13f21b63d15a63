package mortmain.file;

import static mortmain.Request.by;
import static mortmain.Request.key;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import mortmain.Request;
import mortmain.disk.FaultyDisk;
import mortmain.disk.MemoryDisk;
import mortmain.model.ErrorCode;
import mortmain.model.ReadOptions;
import mortmain.model.Resolution;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The first failed write or force ends all acknowledging. */
class DiskFailureTest extends StoreFixture {
  @ParameterizedTest
  @EnumSource(value = FaultyDisk.Step.class, names = {"WRITE", "FORCE"})
  void nothingIsAcknowledgedAfterTheDiskFailed(FaultyDisk.Step step) {
    List<Throwable> failures = new ArrayList<>();
    subject.store().onFailure(failures::add);
    Request kept = by("a").increment("n", "1");
    commit(kept);
    disk.fail(step, 1, "Input/output error");
    Request inFlight = by("a").increment("n", "1");
    assertEquals(ErrorCode.Retry.RESOLVE, refused(ErrorCode.UNCONFIRMED, inFlight).retry());
    assertEquals(1, failures.size());
    refused(ErrorCode.UNAVAILABLE, by("a").increment("n", "1"));
    refused(ErrorCode.UNAVAILABLE, () -> subject.store().reclaim(Request.reclaim("n", null, null)));
    refused(ErrorCode.UNCONFIRMED, () -> subject.store().read(List.of(key("n")), ReadOptions.NEWEST));
    subject.store().onFailure(failures::add);
    assertEquals(2, failures.size());
    assertEquals(0, disk.afterFailure());
    for (MemoryDisk image : List.of(memory.kill(), memory.losePower())) {
      FileSubject after = reopened(image);
      Resolution resolution = after.store().resolve(inFlight.commit().call().requestId(), "a");
      assertEquals(resolution.receipt() == null ? "1" : "2", Request.text(read(after, "n")));
      assertNotNull(after.store().resolve(kept.commit().call().requestId(), "a").receipt());
      assertTrue((Boolean) after.store().verify().get("ok"));
      after.close();
    }
  }
}
