package mortmain;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import mortmain.engine.Engine;
import mortmain.engine.Mirroring;
import mortmain.fence.CommitShape;
import mortmain.fence.Fence;
import mortmain.model.Call;
import mortmain.model.Commit;
import mortmain.model.Guard;
import mortmain.model.Key;
import mortmain.model.MortmainException;
import mortmain.model.Mount;
import mortmain.model.ReadOptions;
import mortmain.model.Receipt;
import mortmain.model.Rejection;
import mortmain.model.Snapshot;
import mortmain.model.Value;
import mortmain.model.Write;

/**
 * What a store does about keys that are plain files too: looks for edits of others before anything is judged, adopts them, mounts. Thread-safe.
 * Where nothing is mounted it costs one look at a field.
 */
public final class Mirrored {
  /** Bytes of values in one commit of adoptions, unless the first alone is bigger. */
  private static final long BATCH = 8 << 20;

  private static final int PAGE = 1_000;

  private final Engine engine;
  private final Mirroring files;
  /** Two who adopt one edit at the same time would make two versions of it. */
  private final ReentrantLock adopting = new ReentrantLock();

  Mirrored(Engine engine) {
    this.engine = engine;
    this.files = engine.mirroring();
  }

  /** Looks at the files that a commit is about. */
  void look(Commit commit) {
    if (files.any()) {
      List<Key> keys = new ArrayList<>();
      for (Write write : commit.writes()) {
        if (write instanceof Write.OnKey onKey) {
          keys.add(onKey.key());
        } else if (write instanceof Write.DeletePrefix delete) {
          keys.addAll(below(delete.prefix()));
        }
      }
      look(keys);
    }
  }

  /** Looks at the files of the keys that guards are about. */
  void lookGuarded(List<Guard> guards) {
    if (files.any()) {
      look(guards.stream().filter(Guard.OnKey.class::isInstance).map(guard -> ((Guard.OnKey) guard).key()).distinct().toList());
    }
  }

  private List<Key> below(String prefix) {
    List<Key> keys = new ArrayList<>();
    ReadOptions bare = new ReadOptions(-1, -1, false, true);
    Key after = null;
    boolean more = true;
    while (more) {
      var page = engine.scan(prefix, after, PAGE, bare);
      page.snapshots().stream().map(Snapshot::key).forEach(keys::add);
      more = page.more();
      after = keys.isEmpty() ? null : keys.get(keys.size() - 1);
    }
    return keys;
  }

  /** What is to be adopted first is; what cannot be stays an edit, on which later decisions are judged. */
  void look(List<Key> keys) {
    if (files.any()) {
      for (Key key : files.look(keys)) {
        try {
          adopt(Call.of(UUID.randomUUID().toString()), key, "mount", Map.of());
        } catch (MortmainException e) {
          // whoever asked is refused with FOREIGN_EDIT
        }
      }
    }
  }

  void lookAndRequire(List<Key> keys) {
    if (files.any()) {
      look(keys);
      files.require(keys);
    }
  }

  /** The receipt of a durable commit, once its files were written. */
  Receipt acknowledged(Receipt receipt) {
    if (!files.any()) {
      return receipt;
    }
    try {
      Boolean all = files.mirrored(receipt);
      return all == null ? receipt : receipt.asMirrored(all);
    } catch (RuntimeException e) { // it is durable, whatever becomes of its files
      return receipt.asMirrored(false);
    }
  }

  /**
   * Makes what somebody else wrote into the file of a mounted key its next version, by the writer {@code foreign}. Without an edit nothing
   * changes, and the receipt carries the current version. INVALID when the key is not mounted, or the bytes cannot be its value.
   *
   * @param by who asks: {@code adopted_by} of the commit's meta
   */
  public Receipt adopt(Call call, Key key, String by, Map<String, String> meta) {
    Rejection problem = CommitShape.requestId(call.requestId());
    if (problem != null) {
      throw problem.exception();
    }
    adopting.lock();
    try {
      Mirroring.Edit edit = files.edit(key);
      return adopt(call, edit == null ? List.of() : List.of(edit), key, by, meta);
    } finally {
      adopting.unlock();
    }
  }

  private Receipt adopt(Call call, List<Mirroring.Edit> edits, Key key, String by, Map<String, String> meta) {
    Map<Key, Value> values = new LinkedHashMap<>();
    Map<String, String> told = new LinkedHashMap<>(meta);
    told.put("adopted_by", by);
    edits.forEach(edit -> values.put(edit.key(), edit.value()));
    Receipt receipt = Awaited.decided(engine, view -> Fence.adopt(view, call, values, key, told));
    if (!receipt.replayed()) {
      files.adopted(edits, receipt.revision());
    }
    return acknowledged(receipt);
  }

  /**
   * Keeps each key below a prefix as a plain file in a directory of the user's, and writes those that there are before it returns. With {@link
   * Mount#adopt} the files that are there become keys. Mounting again changes the settings. INVALID says why it may not be.
   */
  public Map<String, Object> mount(Mount mount, String by) {
    files.mount(mount, by);
    if (mount.adopt()) {
      adoptAll(mount.prefix(), by);
    }
    return files.describe().stream().filter(each -> mount.prefix().equals(each.get("prefix"))).findFirst().orElse(Map.of());
  }

  /** Many at once: a directory of thousands of files takes seconds. What cannot be adopted stays an edit. */
  private void adoptAll(String prefix, String by) {
    adopting.lock();
    try {
      List<Mirroring.Edit> batch = new ArrayList<>();
      long bytes = 0;
      for (Key key : files.strangers(prefix)) {
        Mirroring.Edit edit = editOrNull(key);
        if (edit != null) {
          batch.add(edit);
          bytes += edit.value().bytes().length;
        }
        if (batch.size() == engine.limits().keys() || bytes > BATCH) {
          adoptBatch(batch, by);
          bytes = 0;
        }
      }
      adoptBatch(batch, by);
    } finally {
      adopting.unlock();
    }
  }

  private void adoptBatch(List<Mirroring.Edit> batch, String by) {
    if (!batch.isEmpty()) {
      try {
        adopt(Call.of(UUID.randomUUID().toString()), List.copyOf(batch), batch.get(0).key(), by, Map.of());
      } catch (MortmainException together) {
        for (Mirroring.Edit edit : batch) {
          adoptAlone(edit, by);
        }
      }
      batch.clear();
    }
  }

  private void adoptAlone(Mirroring.Edit edit, String by) {
    try {
      adopt(Call.of(UUID.randomUUID().toString()), List.of(edit), edit.key(), by, Map.of());
    } catch (MortmainException e) {
      // its next reader or writer is told
    }
  }

  private Mirroring.Edit editOrNull(Key key) {
    try {
      return files.edit(key);
    } catch (MortmainException e) {
      return null;
    }
  }

  /** Ends a mount; the files stay as they are. INVALID when there is none. */
  public void unmount(String prefix, String by) {
    if (!files.unmount(Key.checkedPrefix(prefix), by)) {
      throw Rejection.invalid("prefix", "\"" + prefix + "\" is not mounted").exception();
    }
  }
}
