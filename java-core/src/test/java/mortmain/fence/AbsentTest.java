package mortmain.fence;

import static mortmain.fence.FakeView.K;

import java.util.Map;
import mortmain.Request;
import mortmain.model.ErrorCode;
import org.junit.jupiter.api.Test;

/** Two creators of one key. */
class AbsentTest {
  @Test
  void theSecondCreatorLearnsWhoWasFirst() {
    var rejection = Judged.rejected(new FakeView(), Request.by("me").create("k", "1"), ErrorCode.VERSION_CONFLICT);
    Judged.says(rejection, Map.of("expected", 0L, "actual", 6L, "winner", "winner"), "exists at version 6", "by winner");
  }

  @Test
  void theFirstCreatorWins() {
    Judged.accepted(new FakeView().with(FakeView.unborn(K)), Request.by("me").create("k", "1"));
  }
}
