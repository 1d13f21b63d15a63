package mortmain;

import static java.nio.charset.StandardCharsets.UTF_8;
import static mortmain.Request.json;
import static mortmain.Request.key;
import static mortmain.Request.text;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import mortmain.model.Call;
import mortmain.model.Commit;
import mortmain.model.ErrorCode;
import mortmain.model.Guard;
import mortmain.model.MortmainException;
import mortmain.model.Outcome;
import mortmain.model.ReadOptions;
import mortmain.model.Receipt;
import mortmain.model.Snapshot;
import mortmain.model.Write;

/** A store whose functions the test itself runs: it is Python, and a thread that asks for work. For one thread. */
final class ReducingStore implements AutoCloseable {
  final Store store;

  ReducingStore(Path directory, Duration limit) {
    store = Store.open(directory, StoreOptions.DEFAULT);
    store.reductions().open(Set.of("m"), limit);
  }

  static Commit reduce(String id, String function, Guard... guards) {
    return reduce(id, "k", function, Long.MAX_VALUE, guards);
  }

  static Commit reduce(String id, String key, String function, long deadline, Guard... guards) {
    Call call = new Call(id, 0, Long.MAX_VALUE, deadline);
    List<Write> writes = List.of(new Write.Reduce(key(key), function, json('"' + id + '"'), null));
    return new Commit(call, "reducer", Map.of(), List.of(guards), writes, null, 0, true, 0);
  }

  CompletableFuture<Receipt> start(Commit commit) {
    CompletableFuture<Receipt> answer = new CompletableFuture<>();
    store.submit(
        commit,
        new Outcome<>() {
          @Override
          public void answer(Receipt receipt) {
            answer.complete(receipt);
          }

          @Override
          public void reject(MortmainException rejection) {
            answer.completeExceptionally(rejection);
          }
        },
        task -> new Thread(task).start());
    store.force();
    return answer;
  }

  /** The next run; the test would wait for ever for one that is not asked for. */
  Reduction next() {
    return store.reductions().next();
  }

  /** Holds the key up, so that what is started meanwhile waits together; {@code then} runs while it does. */
  Reduction behindABusyOne(Runnable then) {
    CompletableFuture<Receipt> first = start(reduce("0", "m:busy"));
    Reduction busy = next();
    then.run();
    store.reductions().chains().learn("m:f", true);
    done(busy, "[]");
    first.join();
    return next();
  }

  /** Runs a function that appends its argument, in as many runs as it takes for so many links; their arguments in order. */
  String append(int links) {
    StringBuilder order = new StringBuilder();
    for (int made = 0; made < links; ) {
      Reduction run = next();
      List<String> values = new ArrayList<>();
      String value = run.value();
      for (String id : links(run).split(" ", -1)) {
        value = value.substring(0, value.length() - 1) + (value.equals("[]") ? "" : ", ") + id + ']';
        values.add(value);
        order.append(order.length() == 0 ? "" : " ").append(id);
        made++;
      }
      done(run, values.toArray(String[]::new));
    }
    return order.toString();
  }

  /** Whether its answer counts. Each value is that of one link. */
  static boolean done(Reduction reduction, String... values) {
    return reduction.done(shape(values), bytes(values));
  }

  /** Of JSON values; one that begins with an exclamation mark says why its function failed. */
  static String shape(String... values) {
    StringBuilder shape = new StringBuilder();
    for (String value : values) {
      boolean failed = value.startsWith("!");
      shape.append(failed ? "failed " + (value.length() - 1) + " 0 " : "application/json " + value.getBytes(UTF_8).length + ' ');
    }
    return shape.toString();
  }

  static byte[] bytes(String... values) {
    return String.join("", values).replace("!", "").getBytes(UTF_8);
  }

  /** The arguments of a run's links, which are the ids of their requests; with blanks between them. */
  static String links(Reduction reduction) {
    String[] parts = reduction.question().split("\0", -1);
    StringBuilder links = new StringBuilder();
    for (int i = 0; i < Integer.parseInt(parts[1]); i++) {
      links.append(i == 0 ? "" : " ").append(parts[4 + 2 * i].replace("\"", ""));
    }
    return links.toString();
  }

  Snapshot read() {
    return store.read(List.of(key("k")), ReadOptions.NEWEST).snapshots().get(0);
  }

  String value() {
    return text(read());
  }

  static long version(CompletableFuture<Receipt> answer) throws Exception {
    return answer.get().keys().get(0).version();
  }

  static ErrorCode refusal(CompletableFuture<Receipt> answer) {
    return ((MortmainException) assertThrows(ExecutionException.class, answer::get).getCause()).code();
  }

  @Override
  public void close() {
    store.close();
  }
}
