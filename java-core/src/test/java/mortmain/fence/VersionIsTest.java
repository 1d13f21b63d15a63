package mortmain.fence;

import static mortmain.fence.FakeView.K;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import mortmain.Request;
import mortmain.model.ErrorCode;
import mortmain.model.Guard;
import mortmain.model.Rejection;
import org.junit.jupiter.api.Test;

/** The lost update. */
class VersionIsTest {
  private final FakeView view = new FakeView();

  private static Request put(long version, long tag) {
    return Request.by("me").guard(new Guard.VersionIs(K, version, tag), new Guard.EpochIs(K, 3)).put("k", "1");
  }

  @Test
  void aWriterOfAnOldVersionLosesAndLearnsWhoWon() {
    Rejection rejection = Judged.rejected(view, put(5, 55), ErrorCode.VERSION_CONFLICT);
    Judged.says(rejection, Map.of("expected", 5L, "actual", 6L, "winner", "winner"), "version 5", "version 6", "by winner", "read it again");
    assertEquals(ErrorCode.Retry.REREAD, rejection.retry());
    assertEquals(6, rejection.current().version());
  }

  @Test
  void aBaseOfTheFutureLosesToo() {
    Judged.rejected(view, put(7, 66), ErrorCode.VERSION_CONFLICT);
  }

  @Test
  void theSameNumberOfAnotherHistoryLoses() {
    Judged.says(Judged.rejected(view, put(6, 67), ErrorCode.VERSION_CONFLICT), Map.of("expected", 6L, "actual", 6L, "winner", "winner"), "another history");
  }

  @Test
  void theCurrentVersionWinsAndIsOneMore() {
    var key = Judged.accepted(view, put(6, 66)).keys().get(0);
    assertEquals(7, key.version());
    assertEquals(3, key.epoch());
    assertEquals(51, key.revision());
  }
}
