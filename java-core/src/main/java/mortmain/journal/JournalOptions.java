package mortmain.journal;

import java.security.SecureRandom;
import java.time.Clock;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * How a journal is run. Immutable; every method that takes a value returns a changed copy.
 *
 * @param firstSegment bytes of the first segment; each next one doubles. Default 1 MiB: an empty store stays small
 * @param largestSegment bytes at which doubling ends. Default 64 MiB
 * @param largestFrame bytes above which appends go to a next frame. Default 1 MiB: a force of more costs more than it saves
 * @param onPoison told once about the first failure, after all waiters were; default does nothing
 * @param beforeForce asked before each frame is written and forced: is the directory still ours? False poisons. Default true
 * @param background makes the next segment; default a short-lived daemon thread
 * @param salt salts of new segments; default {@link SecureRandom}
 * @param clock names the folders in lost/; default UTC
 */
public record JournalOptions(int firstSegment, int largestSegment, int largestFrame, Consumer<Throwable> onPoison,
    BooleanSupplier beforeForce, Executor background, LongSupplier salt, Clock clock) {
  private static final int MIB = 1 << 20;

  public JournalOptions {
    if (firstSegment < 1024 || firstSegment % 512 != 0 || largestSegment < firstSegment || largestFrame < Frame.ALIGNMENT) {
      throw new IllegalArgumentException("segments of " + firstSegment + " to " + largestSegment + " bytes, frames of " + largestFrame);
    }
  }

  public static JournalOptions defaults() {
    return new JournalOptions(MIB, 64 * MIB, MIB, failure -> { }, () -> true, JournalOptions::daemon,
        () -> new SecureRandom().nextLong(), Clock.systemUTC());
  }

  private static void daemon(Runnable task) {
    Thread thread = new Thread(task, "mortmain-next-segment");
    thread.setDaemon(true);
    thread.start();
  }

  public JournalOptions segments(int first, int largest) {
    return new JournalOptions(first, largest, largestFrame, onPoison, beforeForce, background, salt, clock);
  }

  public JournalOptions largestFrame(int bytes) {
    return new JournalOptions(firstSegment, largestSegment, bytes, onPoison, beforeForce, background, salt, clock);
  }

  public JournalOptions onPoison(Consumer<Throwable> hook) {
    return new JournalOptions(firstSegment, largestSegment, largestFrame, hook, beforeForce, background, salt, clock);
  }

  public JournalOptions beforeForce(BooleanSupplier stillOurs) {
    return new JournalOptions(firstSegment, largestSegment, largestFrame, onPoison, stillOurs, background, salt, clock);
  }

  public JournalOptions background(Executor executor) {
    return new JournalOptions(firstSegment, largestSegment, largestFrame, onPoison, beforeForce, executor, salt, clock);
  }

  public JournalOptions salt(LongSupplier source) {
    return new JournalOptions(firstSegment, largestSegment, largestFrame, onPoison, beforeForce, background, source, clock);
  }

  public JournalOptions clock(Clock time) {
    return new JournalOptions(firstSegment, largestSegment, largestFrame, onPoison, beforeForce, background, salt, time);
  }

  /** Bytes of a segment that no big frame has forced to be bigger. */
  long nominalSize(int number) {
    return Math.min(largestSegment, (long) firstSegment << Math.min(number - 1, 30));
  }
}
