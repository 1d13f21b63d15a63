package mortmain;

import java.util.concurrent.locks.LockSupport;
import mortmain.engine.Engine;
import mortmain.fence.Rule;
import mortmain.model.MortmainException;
import mortmain.model.Outcome;

/** An outcome that one thread waits for; an interrupt does not end the wait and is kept. */
final class Awaited<T> implements Outcome<T> {
  private final Thread waiter = Thread.currentThread();
  private volatile boolean done;
  private T answer;
  private MortmainException rejection;

  /** Decides, and waits until it is durable. */
  static <T> T decided(Engine engine, Rule<T> rule) {
    Awaited<T> awaited = new Awaited<>();
    engine.decide(rule, false, awaited);
    engine.force();
    return awaited.get();
  }

  @Override
  public void answer(T given) {
    answer = given;
    finish();
  }

  @Override
  public void reject(MortmainException given) {
    rejection = given;
    finish();
  }

  private void finish() {
    done = true;
    if (Thread.currentThread() != waiter) {
      LockSupport.unpark(waiter);
    }
  }

  T get() {
    boolean interrupted = false;
    while (!done) {
      LockSupport.park(this);
      interrupted |= Thread.interrupted();
    }
    if (interrupted) {
      waiter.interrupt();
    }
    if (rejection != null) {
      throw rejection;
    }
    return answer;
  }
}
