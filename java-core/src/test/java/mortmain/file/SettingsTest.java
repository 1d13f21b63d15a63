package mortmain.file;

import static mortmain.Request.by;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import mortmain.Request;
import mortmain.model.ErrorCode;
import mortmain.model.Rejection;
import mortmain.model.Setting;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Limits are settings of the store: they hold at once, for every way to write, and whoever opens it next. */
class SettingsTest extends StoreFixture {
  private static final String LONG = "\"" + "x".repeat(2000) + "\"";

  private Object set(Setting setting, long value) {
    subject.store().configure(setting.toString(), value, "operator");
    return subject.store().settings().get(setting.toString());
  }

  private void commits(int count) {
    for (int i = 0; i < count; i++) {
      commit(by("a").increment("n", "1"));
    }
  }

  @Test
  void whatIsSetHoldsAfterARestartAndACrash() {
    subject.aided();
    Map<Setting, Long> wanted = Map.of(
        Setting.HISTORY_BYTES, 1L << 30, Setting.VALUE_BYTES, 2048L, Setting.HORIZON_SECONDS, 3600L, Setting.HORIZON_IDS, 5000L);
    wanted.forEach((setting, value) -> assertEquals(value, set(setting, value)));
    for (int run = 0; run < 2; run++) {
      wanted.forEach((setting, value) -> assertEquals(value, subject.store().settings().get(setting.toString())));
      assertEquals(2048, subject.store().limits().value());
      subject.restart();
    }
    subject.compact();
    FileSubject again = reopened(memory.kill());
    wanted.forEach((setting, value) -> assertEquals(value, again.store().settings().get(setting.toString())));
    again.close();
  }

  @ParameterizedTest
  @CsvSource({"value_bytes,1023", "value_bytes,134217729", "horizon_seconds,59", "horizon_seconds,31536001", "horizon_ids,999", "horizon_ids,4000001", "history_bytes,-1"})
  void whatNoStoreCanWorkWithIsRefusedAndSaysWhatCanBe(String name, long value) {
    Map<String, Object> before = subject.store().settings();
    Rejection refusal = refused(ErrorCode.INVALID, () -> subject.store().configure(name, value, "operator"));
    assertEquals(name, refusal.failures().get(0).details().get("field"));
    assertTrue(refusal.message().contains(Long.toString(Setting.of(name).orElseThrow().least())), refusal.message());
    assertEquals(before, subject.store().settings());
  }

  @Test
  void aNameThatIsNoneSaysWhichThereAre() {
    Rejection refusal = refused(ErrorCode.INVALID, () -> subject.store().configure("colour", 3, "operator"));
    assertTrue(refusal.message().contains("history_bytes, value_bytes, horizon_seconds, horizon_ids"), refusal.message());
  }

  @Test
  void aValueAboveALimitThatWasLoweredIsTooLargeHoweverItIsWritten() {
    commit(by("a").create("text", LONG).create("list", "[" + LONG + "]").create("object", "{\"a\":" + LONG + "}"));
    set(Setting.VALUE_BYTES, 2048);
    for (int run = 0; run < 2; run++) {
      List<Request> writes = List.of(
          by("a").on(read("text")).put("text", "[" + LONG + "," + LONG + "]"),
          by("a").append("list", "\"" + "y".repeat(100) + "\""),
          by("a").append("list", "1").append("list", "\"" + "y".repeat(100) + "\""),
          by("a").add("list", "\"" + "y".repeat(100) + "\""),
          by("a").merge("object", "{\"b\":" + LONG + "}"));
      for (Request write : writes) {
        Map<String, Object> details = refused(ErrorCode.TOO_LARGE, write).failures().get(0).details();
        assertEquals(2048L, details.get("limit"));
        assertTrue((long) (Long) details.get("size") > 2048);
      }
      subject.restart();
    }
    assertEquals(LONG, text("text"));
    set(Setting.VALUE_BYTES, 1024);
    assertEquals(LONG, text("text"), "what is there stays and can be read");
    refused(ErrorCode.TOO_LARGE, by("a").append("list", "1"));
    set(Setting.VALUE_BYTES, 8192);
    commit(by("a").append("list", LONG));
  }

  @Test
  void anIdIsForgottenOnlyBehindAHorizonThatWasSet() {
    Request first = by("a").increment("once", "1").since(subject.store().durableRevision());
    commit(first);
    commits(1200);
    assertTrue(commit(first).replayed(), "a million are remembered unless something else is set");
    set(Setting.HORIZON_IDS, 1000);
    commits(1200);
    Request recent = by("a").increment("once", "1").since(subject.store().durableRevision());
    commit(recent);
    for (int run = 0; run < 2; run++) {
      refused(ErrorCode.REQUEST_ID_EXPIRED, first);
      assertTrue(commit(recent).replayed());
      subject.restart();
    }
    assertEquals("2", text("once"));
  }

  @Test
  void anIdIsForgottenWhenItIsOlderThanTheHorizonThatWasSet() {
    Request first = by("a").increment("once", "1").since(subject.store().durableRevision());
    commit(first);
    set(Setting.HORIZON_SECONDS, 60);
    second();
    commits(1);
    assertTrue(commit(first).replayed());
    for (int i = 0; i < 3; i++) {
      clock.advance(61_000_000_000L);
      subject.tick();
      commits(1);
    }
    refused(ErrorCode.REQUEST_ID_EXPIRED, first);
    assertEquals("1", text("once"));
  }

  @Test
  void aLongerHorizonBringsNothingBackAndForgetsNothingMore() {
    set(Setting.HORIZON_IDS, 1000);
    Request first = by("a").increment("once", "1").since(subject.store().durableRevision());
    commit(first);
    commits(1500);
    set(Setting.HORIZON_IDS, 100_000);
    Request later = by("a").increment("once", "1").since(subject.store().durableRevision());
    commit(later);
    commits(1500);
    refused(ErrorCode.REQUEST_ID_EXPIRED, first);
    assertTrue(commit(later).replayed());
  }
}
