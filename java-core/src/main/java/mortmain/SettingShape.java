package mortmain;

import java.util.Map;
import mortmain.model.ErrorCode;
import mortmain.model.Rejection;
import mortmain.model.Retain;
import mortmain.model.Setting;

/** What no state can make right about a setting. */
final class SettingShape {
  private SettingShape() {}

  static Rejection problem(Retain retain) {
    if (retain.versions() < 0) {
      return invalid("versions", "the number of versions is 0 or more");
    }
    return retain.seconds() < 0 ? invalid("days", "the number of days is 0 or more") : null;
  }

  static Rejection problem(String name, long value) {
    Setting setting = Setting.of(name).orElse(null);
    if (setting == null) {
      return invalid("name", "there is no setting " + name + ", only " + Setting.names());
    } else if (value < setting.least() || value > setting.most()) {
      String most = setting.most() == Long.MAX_VALUE ? " or more" : " to " + setting.most();
      return invalid(name, value + " will not do: it is " + setting.least() + most);
    }
    return null;
  }

  private static Rejection invalid(String field, String reason) {
    return Rejection.of(ErrorCode.INVALID, field + ": " + reason, Map.of("field", field, "reason", reason));
  }
}
