package mortmain.fence;

import static mortmain.fence.FakeView.K;

import java.util.Map;
import mortmain.Request;
import mortmain.model.ErrorCode;
import mortmain.model.Guard;
import org.junit.jupiter.api.Test;

/** A merge on a base: the fields that it names must be what they were. */
class FieldsAreTest {
  private final FakeView view = new FakeView();

  private static Request merge(long version, long tag) {
    return Request.by("me").guard(new Guard.FieldsAre(K, version, tag, Request.json("{\"x\":1}"))).merge("k", "{\"x\":2}");
  }

  @Test
  void aFieldThatChangedIsNamed() {
    view.changedField = "/x";
    var rejection = Judged.rejected(view, merge(5, 55), ErrorCode.VERSION_CONFLICT);
    Judged.says(
        rejection, Map.of("expected", 5L, "actual", 6L, "winner", "winner", "field", "/x"), "field /x of k", "version 5", "version 6", "by winner");
  }

  @Test
  void otherFieldsMayHaveChanged() {
    Judged.accepted(view, merge(5, 55));
  }

  @Test
  void theSameVersionNeedsNoLook() {
    view.changedField = "/never asked";
    Judged.accepted(view, merge(6, 66));
    Judged.rejected(view, merge(6, 67), ErrorCode.VERSION_CONFLICT);
  }
}
