package mortmain.file;

import java.util.Iterator;
import java.util.NoSuchElementException;

/** The records of a sorted iterator up to the end of a prefix. */
final class PrefixIterator implements Iterator<KeyRecord> {
  private final Iterator<KeyRecord> records;
  private final byte[] prefix;
  private KeyRecord next;

  PrefixIterator(Iterator<KeyRecord> records, byte[] prefix) {
    this.records = records;
    this.prefix = prefix;
    advance();
  }

  private void advance() {
    next = records.hasNext() ? records.next() : null;
    if (next != null && !next.key.startsWith(prefix)) {
      next = null;
    }
  }

  @Override
  public boolean hasNext() {
    return next != null;
  }

  @Override
  public KeyRecord next() {
    if (next == null) {
      throw new NoSuchElementException();
    }
    KeyRecord record = next;
    advance();
    return record;
  }
}
