package mortmain.fence;

import static mortmain.fence.FakeView.K;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import mortmain.Request;
import mortmain.model.ErrorCode;
import mortmain.model.Event;
import mortmain.model.Guard;
import mortmain.model.Ticket;
import org.junit.jupiter.api.Test;

/** Only commits of a ticket may move its key. */
class FollowsTest {
  private static Request put(Ticket ticket) {
    return Request.by("me").follows("k", ticket).put("k", "1");
  }

  @Test
  void theFirstCommitOfATicketNeedsItsVersion() {
    Judged.accepted(new FakeView(), put(new Ticket("mine", 6, 66, 3)));
    var rejection = Judged.rejected(new FakeView(), put(new Ticket("mine", 5, 55, 3)), ErrorCode.VERSION_CONFLICT);
    Judged.says(rejection, Map.of("expected", 5L, "actual", 6L, "winner", "winner"), "from version 5 to 6", "another run", "by winner");
  }

  @Test
  void theSameNumberOfAnotherHistoryIsMoved() {
    Judged.rejected(new FakeView(), put(new Ticket("mine", 6, 67, 3)), ErrorCode.VERSION_CONFLICT);
  }

  @Test
  void itsOwnCommitsMayMoveTheKey() {
    FakeView view = new FakeView().with(FakeView.following(K, "mine"));
    Judged.accepted(view, put(new Ticket("mine", 2, 22, 3)));
    Judged.rejected(view, put(new Ticket("other", 2, 22, 3)), ErrorCode.VERSION_CONFLICT);
  }

  @Test
  void aReclamationEndsATicketWhoseCommitsAloneMovedTheKey() {
    FakeView view = new FakeView().with(FakeView.following(K, "mine"));
    var rejection = Judged.rejected(view, put(new Ticket("mine", 2, 22, 2)), ErrorCode.FENCED);
    Judged.says(rejection, Map.of("epoch", 2L, "current_epoch", 3L), "epoch 2", "epoch 3");
  }

  @Test
  void theCommitIsRecordedUnderItsTicketOnItsKeyOnly() {
    Event event = Judged.events(Judged.judge(new FakeView(), put(new Ticket("mine", 6, 66, 3)).increment("n", "1"))).get(0);
    var changes = ((Event.Committed) event).changes();
    assertEquals("mine", changes.get(0).ticketId());
    assertEquals(null, changes.get(1).ticketId());
  }

  @Test
  void aGuardWithoutAWriteIsJudgedToo() {
    Guard follows = new Guard.Follows(K, new Ticket("mine", 5, 55, 3));
    Judged.rejected(new FakeView(), Request.by("me").guard(follows).increment("n", "1"), ErrorCode.VERSION_CONFLICT);
  }
}
