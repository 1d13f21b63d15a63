package mortmain.file;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import mortmain.journal.JournalBackup;
import mortmain.journal.JournalDamaged;
import mortmain.journal.JournalPoisoned;
import mortmain.journal.UnsupportedFormat;
import mortmain.model.ErrorCode;
import mortmain.model.MortmainException;
import mortmain.model.Rejection;

/** Says what went wrong below the rules in the words of the error contract. */
final class Failed {
  private Failed() {}

  static MortmainException poisoned(JournalPoisoned failure) {
    ErrorCode code = failure.inFlight() ? ErrorCode.UNCONFIRMED : ErrorCode.UNAVAILABLE;
    String sentence =
        failure.inFlight()
            ? "the disk failed while this was being written: whether it is durable is known after the next start"
            : "the store takes nothing more after a disk failure: nothing was changed";
    return new MortmainException(Rejection.of(code, sentence + " (" + failure.getMessage() + ")", Map.of("reason", "stalled")), failure);
  }

  /** A fault of ours between judging and answering: memory may not agree with the journal, so the process must end. */
  static MortmainException broken(Throwable fault) {
    String sentence = "the store failed inside (" + fault + "): whether this was committed is known after the next start";
    return new MortmainException(Rejection.of(ErrorCode.UNCONFIRMED, sentence, Map.of("reason", "internal")), fault);
  }

  static MortmainException damaged(JournalDamaged damage) {
    Map<String, Object> details = new LinkedHashMap<>();
    details.put("file", damage.file());
    details.put("offset", damage.offset());
    details.put("first_revision", damage.firstRevision());
    details.put("last_revision", damage.lastRevision());
    return new MortmainException(Rejection.of(ErrorCode.CORRUPT, damage.getMessage(), details), damage);
  }

  static MortmainException cannotOpen(Path directory, IOException failure) {
    if (failure instanceof JournalDamaged damage) {
      return damaged(damage);
    }
    String sentence = directory + " cannot be opened: " + failure.getMessage();
    return new MortmainException(
        Rejection.of(ErrorCode.UNAVAILABLE, sentence, Map.of("reason", "start-failed")), failure);
  }

  /** A backup or restore that cannot be: the directory will not do, or it cannot be written. */
  static MortmainException backup(String field, IOException failure) {
    if (failure instanceof JournalDamaged damage) {
      return damaged(damage);
    } else if (failure instanceof UnsupportedFormat) {
      return new MortmainException(Rejection.of(ErrorCode.UNSUPPORTED, failure.getMessage(), Map.of("operation", "restore")), failure);
    }
    String reason = failure instanceof JournalBackup.NotPossible ? failure.getMessage() : "it failed: " + failure;
    return new MortmainException(Rejection.invalid(field, reason), failure);
  }

  static MortmainException locked(Path directory, String holder) {
    return Rejection.of(
            ErrorCode.UNAVAILABLE,
            directory + " is in use by another process (" + holder + ")",
            Map.of("reason", "locked"))
        .exception();
  }

  /** A reader was slower than compaction, which waits for nobody longer than a minute. */
  static MortmainException dropped() {
    return Rejection.of(ErrorCode.COMPACTED, "this version was replaced and dropped while it was being read: read again", Map.of()).exception();
  }

  static MortmainException compacted(long oldest) {
    return Rejection.of(
            ErrorCode.COMPACTED,
            "the state of that revision is no longer kept; the oldest that is surely there is " + oldest,
            Map.of("oldest", oldest))
        .exception();
  }
}
