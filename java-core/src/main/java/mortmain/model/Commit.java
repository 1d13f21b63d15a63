package mortmain.model;

import java.util.List;
import java.util.Map;

/**
 * One atomic change of one or several keys.
 *
 * @param storeId the store of the bases, or null when there is no base
 * @param baseRevision the greatest revision of the bases, or 0
 * @param plain whether the id belongs to exactly this content (false: {@code update}, {@code transact})
 * @param turn the turn that this commit ends, or 0
 */
public record Commit(
    Call call,
    String writer,
    Map<String, String> meta,
    List<Guard> guards,
    List<Write> writes,
    String storeId,
    long baseRevision,
    boolean plain,
    long turn) {

  /** The only write of a commit that a trusted function computes, or null. */
  public Write.Reduce reduce() {
    return writes.get(0) instanceof Write.Reduce reduce ? reduce : null;
  }

  /** The same commit with what the function made of a value. */
  public Commit with(Reduced reduced) {
    Write.Reduce asked = reduce();
    Write.Reduce made = new Write.Reduce(asked.key(), asked.function(), asked.argument(), reduced);
    return new Commit(call, writer, meta, guards, List.of(made), storeId, baseRevision, plain, turn);
  }
}
