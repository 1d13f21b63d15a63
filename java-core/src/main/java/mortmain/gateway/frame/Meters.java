package mortmain.gateway.frame;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import mortmain.model.ErrorCode;

/**
 * Counts calls and rejections, and how long calls took, in buckets that double: cheap enough for every call, exact enough to see a
 * slow disk. Safe for any number of threads.
 */
public final class Meters {
  private static final int BUCKETS = 40; // nanoseconds up to 2^40: 18 minutes
  private static final Op[] OPS = Op.values();

  private final AtomicLongArray buckets = new AtomicLongArray((1 + Arrays.stream(OPS).mapToInt(Op::code).max().orElseThrow()) * BUCKETS);
  private final AtomicLongArray nanos = new AtomicLongArray(buckets.length() / BUCKETS);
  private final Map<ErrorCode, AtomicLong> rejections = new EnumMap<>(ErrorCode.class);

  public Meters() {
    for (ErrorCode code : ErrorCode.values()) {
      rejections.put(code, new AtomicLong());
    }
  }

  void took(Op op, long taken) {
    int bucket = Math.min(BUCKETS - 1, 64 - Long.numberOfLeadingZeros(Math.max(0, taken)));
    buckets.incrementAndGet(op.code() * BUCKETS + bucket);
    nanos.addAndGet(op.code(), Math.max(0, taken));
  }

  void rejected(ErrorCode code) {
    rejections.get(code).incrementAndGet();
  }

  /** Calls by operation and rejections by code; those that never happened are left out. */
  public Map<String, Object> counters() {
    Map<String, Object> counters = new LinkedHashMap<>();
    for (Op op : OPS) {
      long calls = calls(op);
      if (calls > 0) {
        counters.put(op.label(), calls);
      }
    }
    Map<String, Object> byCode = new LinkedHashMap<>();
    for (Map.Entry<ErrorCode, AtomicLong> one : rejections.entrySet()) {
      if (one.getValue().get() > 0) {
        byCode.put(one.getKey().name(), one.getValue().get());
      }
    }
    counters.put("rejections", byCode);
    return counters;
  }

  /**
   * By operation: {@code count}, the {@code sum} of all, and {@code p50, p99, max} in microseconds, each the upper bound of its bucket; and
   * {@code buckets}: [upper bound, how many calls took at most that long] for each that has calls of its own.
   */
  public Map<String, Object> latencies() {
    Map<String, Object> latencies = new LinkedHashMap<>();
    for (Op op : OPS) {
      long calls = calls(op);
      if (calls > 0) {
        Map<String, Object> figures = new LinkedHashMap<>();
        figures.put("count", calls);
        figures.put("sum", nanos.get(op.code()) / 1000.0);
        figures.put("p50", quantile(op, calls, 0.5));
        figures.put("p99", quantile(op, calls, 0.99));
        figures.put("max", quantile(op, calls, 1));
        figures.put("buckets", cumulative(op));
        latencies.put(op.label(), figures);
      }
    }
    return latencies;
  }

  private List<Object> cumulative(Op op) {
    List<Object> found = new ArrayList<>();
    long seen = 0;
    for (int i = 0; i < BUCKETS; i++) {
      long own = buckets.get(op.code() * BUCKETS + i);
      seen += own;
      if (own > 0) {
        found.add(List.of((1L << i) / 1000.0, seen));
      }
    }
    return found;
  }

  private long calls(Op op) {
    long calls = 0;
    for (int i = 0; i < BUCKETS; i++) {
      calls += buckets.get(op.code() * BUCKETS + i);
    }
    return calls;
  }

  private double quantile(Op op, long calls, double share) {
    long rank = Math.max(1, (long) Math.ceil(share * calls));
    long seen = 0;
    for (int i = 0; i < BUCKETS; i++) {
      seen += buckets.get(op.code() * BUCKETS + i);
      if (seen >= rank) {
        return (1L << i) / 1000.0;
      }
    }
    return (1L << BUCKETS) / 1000.0;
  }
}
