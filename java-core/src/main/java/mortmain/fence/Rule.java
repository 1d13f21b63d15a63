package mortmain.fence;

/** One decision on a state. Pure: it may be run again on another view. */
public interface Rule<T> {
  Verdict<T> judge(View view);
}
