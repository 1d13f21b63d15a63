package mortmain.gateway.frame;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import mortmain.Store;
import mortmain.model.ErrorCode;
import mortmain.model.MortmainException;
import mortmain.model.Rejection;

/**
 * Backups and verifications run in threads of their own: whoever asked for one asks again, by the same id, how far it is. Safe for any number of threads.
 */
final class BackupCommand {
  private static final int REMEMBERED = 32;
  /** Each is a thread that reads the whole journal. */
  private static final int AT_ONCE = 4;
  private static final double NANOS = 1e9;
  /** Seconds; a longer wait is asked for again. */
  private static final double LONGEST_WAIT = 60;

  private final Store store;
  private final AtomicInteger running = new AtomicInteger();
  /** The oldest first; those that go on are among them. */
  private final Map<String, Job> jobs = new LinkedHashMap<>();

  private static final class Job {
    private final CompletableFuture<Map<String, Object>> done = new CompletableFuture<>();
    private volatile long copied;
    private volatile long total;
  }

  BackupCommand(Store store) {
    this.store = store;
  }

  boolean isRunning() {
    return running.get() > 0;
  }

  void run(Request request, Reply reply) {
    Asked asked = asked(request);
    Path directory = Fields.need(asked.directory, "directory");
    Job job = job(Fields.need(asked.id, "id"), heard -> store.backup(directory, heard::at));
    answer(reply, job, patience(request, asked.seconds));
  }

  /** Reading a big journal outlasts the patience of a connection: with an id it goes on, and is asked for again. */
  void verify(Request request, Reply reply) {
    Asked asked = asked(request);
    if (asked.id == null) {
      reply.answer().any(store.verify());
    } else {
      answer(reply, job(asked.id, heard -> store.verify(heard::at)), patience(request, asked.seconds));
    }
  }

  private record Asked(Path directory, String id, double seconds) {}

  private static Asked asked(Request request) {
    Path directory = null;
    String id = null;
    double wait = 0;
    try (Fields f = request.fields()) {
      for (String name = f.next(); name != null; name = f.next()) {
        switch (name) {
          case "directory" -> directory = path(f);
          case "id" -> id = f.text(128);
          case "wait" -> wait = Math.min(LONGEST_WAIT, f.number());
          default -> { } // a newer client's
        }
      }
    }
    return new Asked(directory, id, wait);
  }

  private long patience(Request request, double seconds) {
    long deadline = request.deadlineNanos();
    long nanos = (long) (Math.max(0, seconds) * NANOS);
    return deadline == Long.MAX_VALUE ? nanos : Math.min(nanos, deadline - store.now());
  }

  private static Path path(Fields f) {
    try {
      Path path = Path.of(f.text());
      if (path.isAbsolute()) {
        return path;
      }
    } catch (InvalidPathException notOne) {
      // said below
    }
    throw f.bad("expected an absolute path");
  }

  /** Hears how far a job is. */
  private interface Heard {
    void at(long done, long of);
  }

  private interface Work {
    Map<String, Object> run(Heard heard);
  }

  private synchronized Job job(String id, Work work) {
    Job known = jobs.get(id);
    if (known != null) {
      return known;
    }
    if (running.get() >= AT_ONCE) {
      String sentence = AT_ONCE + " backups and verifications are at work: ask again when one of them is done";
      throw Rejection.of(ErrorCode.UNAVAILABLE, sentence, Map.of("reason", "refused")).exception();
    }
    Iterator<Job> oldest = jobs.values().iterator();
    while (jobs.size() >= REMEMBERED && oldest.hasNext()) {
      if (oldest.next().done.isDone()) {
        oldest.remove();
      }
    }
    Job job = new Job();
    jobs.put(id, job);
    running.incrementAndGet();
    Thread thread = new Thread(() -> take(job, work), "mortmain-long-work");
    thread.setDaemon(true);
    thread.start();
    return job;
  }

  private void take(Job job, Work work) {
    try {
      job.done.complete(work.run((copied, total) -> {
        job.total = total;
        job.copied = copied;
      }));
    } catch (RuntimeException | Error e) {
      job.done.completeExceptionally(e);
    } finally {
      running.decrementAndGet();
    }
  }

  private static void answer(Reply reply, Job job, long nanos) {
    Map<String, Object> report = null;
    try {
      report = job.done.get(Math.max(1, nanos), TimeUnit.NANOSECONDS);
    } catch (TimeoutException notYet) {
      // told so
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof MortmainException known) {
        throw known;
      }
      throw new MortmainException(Rejection.invalid("id", "it failed: " + e.getCause()), e.getCause());
    }
    JsonWriter json = reply.answer().beginObject();
    json.name("done").bool(report != null).name("copied").number(job.copied).name("total").number(job.total);
    if (report != null) {
      for (Map.Entry<String, Object> one : report.entrySet()) {
        json.name(one.getKey()).any(one.getValue());
      }
    }
    json.endObject();
  }
}
