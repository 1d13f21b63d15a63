package mortmain.engine;

import mortmain.Store;
import mortmain.model.Limits;

/** The oracle as a subject. */
final class MemorySubject implements Subject {
  private final MemoryEngine engine;
  private Store store;

  MemorySubject(String storeId, ManualClock clock, Limits limits, int kept) {
    engine = new MemoryEngine(storeId, clock, limits, kept);
    store = new Store(engine);
  }

  @Override
  public Store store() {
    return store;
  }

  @Override
  public void restart() {
    engine.restart();
    store = new Store(engine);
  }

  @Override
  public void tick() {
    engine.tick();
  }

  @Override
  public int forget(int atLeast) {
    int forgotten = engine.forget(atLeast);
    engine.tick();
    return forgotten;
  }

  @Override
  public void close() {}

  MemoryEngine engine() {
    return engine;
  }
}
