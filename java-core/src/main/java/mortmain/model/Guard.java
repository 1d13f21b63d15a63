package mortmain.model;

/** A condition of a commit, judged against the state that the commit would change. */
public sealed interface Guard {
  /** A guard on one key. */
  sealed interface OnKey extends Guard {
    Key key();
  }

  /** Nobody wrote since: the lost update. */
  record VersionIs(Key key, long version, long tag) implements OnKey {}

  /** Nobody was reclaimed since: the zombie. */
  record EpochIs(Key key, long epoch) implements OnKey {}

  /** This very claim is live. */
  record Holds(Key key, String claimId) implements OnKey {}

  /** The key has no value. Alone it is not fenced. */
  record Absent(Key key) implements OnKey {}

  /** Only commits of this ticket moved the key, and nobody was reclaimed. */
  record Follows(Key key, Ticket ticket) implements OnKey {}

  /** The fields that the merge of this key names are what the base had ({@code fields}: a JSON object). */
  record FieldsAre(Key key, long version, long tag, Value fields) implements OnKey {}

  /** No key below the prefix was written after the revision. */
  record UnchangedSince(String prefix, long revision) implements Guard {}
}
