package mortmain.engine;

import mortmain.Store;

/** A store under test whose time and restarts are in the hands of the test. */
public interface Subject {
  Store store();

  /** Ends the process and starts another one on what was durable. */
  void restart();

  /** What the process does now and then: expiry that nobody asks for. */
  void tick();

  /** Forgets the tombstones behind the horizon if there are at least so many; returns how many there were. */
  int forget(int atLeast);

  void close();

  /** Compacts what it can, if it is one that does; returns how many revisions that took. */
  default int compact() {
    return 0;
  }
}
