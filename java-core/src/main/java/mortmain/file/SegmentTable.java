package mortmain.file;

import java.util.List;
import mortmain.model.Key;

/** What changed in one segment, by key. Thread-safe. */
interface SegmentTable {
  /** A version of a key: its number, and where its record lies. */
  record Row(long version, long revision, int segment, int offset) {}

  /** A reclamation of one key, with the epoch after it. */
  record Taking(long revision, long epoch) {}

  /** A reclamation of everything below a prefix. */
  record PrefixTaking(long revision, byte[] prefix) {}

  /** What changed of one key, oldest first. For one thread. */
  interface Rows {
    int count();

    Row row(int index);

    List<Taking> takings();

    /** The number of rows, from the oldest on, whose version is at most this one. */
    default int upToVersion(long version) {
      int low = 0;
      for (int high = count(); low < high; ) {
        int middle = (low + high) >>> 1;
        if (row(middle).version() <= version) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      return low;
    }

    /** The number of rows, from the oldest on, whose revision is at most this one. */
    default int upToRevision(long revision) {
      int low = 0;
      for (int high = count(); low < high; ) {
        int middle = (low + high) >>> 1;
        if (row(middle).revision() <= revision) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      return low;
    }
  }

  /** The lowest revision in it. */
  long firstRevision();

  /** False: the key did not change here. True: it may have. */
  boolean mayHave(Key key);

  /** Null when the key did not change here. */
  Rows rows(Key key);

  List<PrefixTaking> prefixTakings();
}
