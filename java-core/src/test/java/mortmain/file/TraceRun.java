package mortmain.file;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import mortmain.journal.JournalPoisoned;
import mortmain.model.MortmainException;

/** Leads concurrent clients on the real file engine, whose disk and process fail under them, and records what happens. */
public final class TraceRun {
  private static final int CLIENTS = 6;
  private static final int LINES_BETWEEN_CRASHES = 400;

  private final Trace trace = new Trace();
  private final TracedClock clock = new TracedClock(trace);
  private final TracedStore traced;
  private final Sabotage sabotage;
  private final long seed;
  private final int wanted;

  private TraceRun(long seed, int wanted, Sabotage sabotage) {
    this.seed = seed;
    this.wanted = wanted;
    this.sabotage = sabotage;
    this.traced = new TracedStore(trace, clock, sabotage, seed);
  }

  /** At least so many lines, one JSON object each. The threads are free: no two runs are the same. */
  public static List<String> record(long seed, int lines, Sabotage sabotage) throws IOException, InterruptedException {
    return new TraceRun(seed, lines, sabotage).run();
  }

  private List<String> run() throws IOException, InterruptedException {
    ExecutorService threads = Executors.newFixedThreadPool(CLIENTS + 1);
    try {
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        TraceClient client = new TraceClient(i, seed, trace, traced, clock, sabotage);
        running.add(threads.submit(() -> until(client::oneStep)));
      }
      Random random = new Random(seed);
      Future<?> time = threads.submit(() -> {
        while (running.stream().anyMatch(client -> !client.isDone())) {
          timePasses(random);
        }
      });
      try {
        crashNowAndThen(running);
      } catch (IOException | UncheckedIOException damaged) {
        if (sabotage == Sabotage.NONE) {
          throw damaged;
        }
      }
      for (Future<?> each : running) {
        each.get();
      }
      time.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException("a client of the trace failed", e.getCause());
    } finally {
      threads.shutdown();
      traced.close();
    }
    return lines();
  }

  private void crashNowAndThen(List<Future<?>> running) throws IOException {
    Random random = new Random(~seed);
    while (trace.length() < wanted && running.stream().noneMatch(Future::isDone)) {
      int next = trace.length() + 1 + random.nextInt(sabotage == Sabotage.FORCE_LEFT_OUT || sabotage == Sabotage.IDS_FORGOTTEN ? 100 : 2 * LINES_BETWEEN_CRASHES);
      while (trace.length() < next && running.stream().noneMatch(Future::isDone)) {
        LockSupport.parkNanos(200_000);
      }
      traced.crash();
    }
  }

  private void until(Runnable step) {
    while (trace.length() < wanted + LINES_BETWEEN_CRASHES) {
      step.run();
    }
  }

  private void timePasses(Random random) {
    clock.advance(random.nextInt(20_000_000));
    TracedStore.Life life = traced.life();
    try {
      life.engine().decisions().tick();
      if (random.nextInt(20) == 0) {
        life.engine().decisions().forget(1);
      }
      life.traced().force();
    } catch (MortmainException | JournalPoisoned gone) {
      // of a life that is over
    }
    LockSupport.parkNanos(500_000);
  }

  private List<String> lines() throws JsonProcessingException {
    ObjectMapper json = new ObjectMapper();
    List<String> lines = new ArrayList<>();
    for (Map<String, Object> line : trace.lines()) {
      lines.add(json.writeValueAsString(line));
    }
    return lines;
  }
}
