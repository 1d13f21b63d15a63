package mortmain.fence;

import java.util.ArrayList;
import java.util.List;
import mortmain.model.Change;
import mortmain.model.Event;
import mortmain.model.Receipt;

/** The receipt that belongs to a commit event: the first one and every replay are made here. */
final class Receipts {
  private Receipts() {}

  static Receipt of(String storeId, Event.Committed event) {
    List<Receipt.KeyReceipt> keys = new ArrayList<>(event.changes().size());
    for (Change change : event.changes()) {
      long revision = change.content() instanceof Change.Kept kept ? kept.revision() : event.revision();
      keys.add(
          new Receipt.KeyReceipt(change.key(), change.version(), change.tag(), change.epoch(), revision, change.result()));
    }
    return new Receipt(storeId, event.requestId(), event.revision(), false, List.copyOf(keys));
  }
}
