package mortmain.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import mortmain.disk.RealDisk;

/** Prints microseconds per commit alone beside a raw force, and commits per second with 8 threads. Interleaved; argument: rounds. */
public final class JournalBench {
  private static final int VALUE = 512;

  private JournalBench() {}

  private static final class Plain extends Record {
    Plain(long revision, byte[] bytes) {
      super(revision, bytes);
    }

    @Override
    protected void placed(int segment, int offset) {}
  }

  public static void main(String[] arguments) throws IOException, InterruptedException {
    int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 4;
    int threads = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 8;
    Path directory = Files.createTempDirectory(Path.of("."), "bench");
    try (Journal journal = Journal.open(new RealDisk(), directory, JournalOptions.defaults(), (s, o, r, b) -> { })) {
      Path raw = directory.resolve("raw");
      for (int i = 0; i < rounds; i++) {
        double forced = raw(raw, 3000);
        double[] alone = alone(journal, 3000);
        System.out.printf("raw force p50 %.1f us | alone p50 %.1f p99 %.1f us (%.2fx) | ", forced, alone[0], alone[1], alone[0] / forced);
        together(journal, threads, 2000);
      }
      Files.delete(raw);
    }
    try (var files = Files.walk(directory)) {
      files.sorted(java.util.Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
    }
  }

  private static double raw(Path file, int times) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      ByteBuffer bytes = ByteBuffer.allocateDirect(1 << 20);
      for (int i = 0; i < 4; i++) {
        channel.write(bytes.clear(), (long) i << 20);
      }
      channel.force(true);
      long[] nanos = new long[times];
      for (int i = 0; i < times; i++) {
        long before = System.nanoTime();
        channel.write(bytes.clear().limit(640), i * 640L);
        channel.force(false);
        nanos[i] = System.nanoTime() - before;
      }
      Arrays.sort(nanos);
      return nanos[times / 2] / 1e3;
    }
  }

  private static double[] alone(Journal journal, int times) {
    long[] nanos = new long[times];
    byte[] value = new byte[VALUE];
    Arrays.fill(value, (byte) 7);
    for (int i = 0; i < times; i++) {
      long before = System.nanoTime();
      long revision = journal.lastRevision() + 1;
      journal.append(List.of(new Plain(revision, value)));
      journal.awaitDurable(revision);
      nanos[i] = System.nanoTime() - before;
    }
    Arrays.sort(nanos);
    return new double[] {nanos[times / 2] / 1e3, nanos[times * 99 / 100] / 1e3};
  }

  private static void together(Journal journal, int threads, int millis) throws InterruptedException {
    AtomicBoolean stop = new AtomicBoolean();
    AtomicLong commits = new AtomicLong();
    AtomicLong longest = new AtomicLong();
    Object order = new Object();
    long[] last = {journal.lastRevision()};
    long forces = journal.stats().forces();
    List<Thread> running = new ArrayList<>();
    for (int t = 0; t < threads; t++) {
      Thread thread = new Thread(() -> {
        byte[] value = new byte[VALUE];
        long worst = 0;
        long count = 0;
        while (!stop.get()) {
          long before = System.nanoTime();
          long revision;
          synchronized (order) {
            revision = ++last[0];
            journal.append(List.of(new Plain(revision, value)));
          }
          journal.awaitDurable(revision);
          worst = Math.max(worst, System.nanoTime() - before);
          count++;
        }
        commits.addAndGet(count);
        longest.accumulateAndGet(worst, Math::max);
      });
      thread.start();
      running.add(thread);
    }
    long before = System.nanoTime();
    Thread.sleep(millis);
    stop.set(true);
    for (Thread thread : running) {
      thread.join();
    }
    double seconds = (System.nanoTime() - before) / 1e9;
    forces = journal.stats().forces() - forces;
    System.out.printf("%d threads %.0f/s, %.1f per force, %.0f forces/s, longest %.1f ms%n", threads, commits.get() / seconds,
        (double) commits.get() / forces, forces / seconds, longest.get() / 1e6);
  }
}
