package mortmain;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import mortmain.model.Key;

/**
 * Reductions that wait for a function to run, in the order in which they came, a chain for each key. Somebody is on a chain from its first job
 * on until it has no more: waits for the turn on the key, for a thread, or runs jobs of it. Thread-safe.
 */
final class Chains {
  /** How many run in a row before they are answered. */
  private static final int LONGEST = 64;
  /** Their arguments together, beyond the first one's. Bytes. */
  private static final long LARGEST = 256 << 10;

  /** The chain of one key. */
  static final class Chain {
    final Key key;
    /** Of whoever is on it, or 0. */
    long turn;

    // Guarded by the monitor of Chains.
    private final ArrayDeque<ReduceJob> waiting = new ArrayDeque<>();

    private Chain(Key key) {
      this.key = key;
    }
  }

  private final Map<Key, Chain> chains = new HashMap<>();
  /** Functions whose last run was short; each is a public one of a named module, so that they are few. */
  private final Set<String> quick = ConcurrentHashMap.newKeySet();

  /** Returns the chain when nobody is on it, so that the caller is from now on; otherwise null. */
  synchronized Chain add(ReduceJob job) {
    Chain chain = chains.get(job.key());
    if (chain != null) {
      chain.waiting.add(job);
      return null;
    }
    chain = new Chain(job.key());
    chain.waiting.add(job);
    chains.put(chain.key, chain);
    return chain;
  }

  /** What is to run next: one job, and those behind it if all their functions are quick. One that may be slow holds up no answer but its own. */
  synchronized List<ReduceJob> next(Chain chain) {
    List<ReduceJob> jobs = new ArrayList<>(Math.min(LONGEST, chain.waiting.size()));
    long bytes = 0;
    for (ReduceJob job = chain.waiting.peek(); job != null && jobs.size() < LONGEST; job = chain.waiting.peek()) {
      boolean isQuick = quick.contains(job.asked().function());
      bytes += jobs.isEmpty() ? 0 : job.asked().argument().bytes().length;
      if (!jobs.isEmpty() && (!isQuick || bytes > LARGEST)) {
        break;
      }
      jobs.add(chain.waiting.poll());
      if (!isQuick) {
        break;
      }
    }
    return jobs;
  }

  /** They run again before those that came later. */
  synchronized void putBack(Chain chain, List<ReduceJob> jobs) {
    for (int i = jobs.size() - 1; i >= 0; i--) {
      chain.waiting.push(jobs.get(i));
    }
  }

  /** Whether the caller is on it still; otherwise it is over. */
  synchronized boolean goesOn(Chain chain) {
    if (!chain.waiting.isEmpty()) {
      return true;
    }
    chains.remove(chain.key);
    return false;
  }

  /** Takes away those for which nobody waits any more. */
  synchronized List<ReduceJob> late() {
    List<ReduceJob> late = new ArrayList<>(0);
    for (Chain chain : chains.values()) {
      for (Iterator<ReduceJob> jobs = chain.waiting.iterator(); jobs.hasNext(); ) {
        ReduceJob job = jobs.next();
        if (job.isLate()) {
          jobs.remove();
          late.add(job);
        }
      }
    }
    return late;
  }

  /** Takes away all that wait. */
  synchronized List<ReduceJob> drain() {
    List<ReduceJob> left = new ArrayList<>();
    for (Chain chain : chains.values()) {
      left.addAll(chain.waiting);
      chain.waiting.clear();
    }
    return left;
  }

  /** What a run says about its functions. */
  void learn(String function, boolean isQuick) {
    if (!isQuick) {
      quick.remove(function);
    } else if (!quick.contains(function)) {
      quick.add(function);
    }
  }
}
