package mortmain.model;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** What can be set of a store, in whole numbers from {@link #least} to {@link #most}. Kept by the journal, so it holds whoever serves the store. Immutable. */
public enum Setting {
  /** Bytes of history that are kept at most, of all keys together: 10 GiB. */
  HISTORY_BYTES(0, Long.MAX_VALUE),
  /** Bytes of the largest value. One that could not be committed alone would be no value, and one of less than a page no use. */
  VALUE_BYTES(1 << 10, Limits.DEFAULT.commit()),
  /** So long a request id is remembered. Less than the time in which a client asks again would run commits twice, or refuse them all. */
  HORIZON_SECONDS(60, 365L * 24 * 3600),
  /** So many request ids are remembered at most; each takes up to 64 bytes of memory. */
  HORIZON_IDS(1000, 4_000_000);

  private final long least;
  private final long most;

  Setting(long least, long most) {
    this.least = least;
    this.most = most;
  }

  public long least() {
    return least;
  }

  public long most() {
    return most;
  }

  /** As it is written in requests and in the journal: {@code history_bytes}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }

  public static Optional<Setting> of(String name) {
    return Arrays.stream(values()).filter(setting -> setting.toString().equals(name)).findFirst();
  }

  /** All names, for people. */
  public static String names() {
    return Arrays.stream(values()).map(Setting::toString).collect(Collectors.joining(", "));
  }
}
