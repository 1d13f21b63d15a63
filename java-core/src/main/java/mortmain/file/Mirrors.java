package mortmain.file;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import mortmain.disk.Disk;
import mortmain.engine.Mirroring;
import mortmain.fence.Fence;
import mortmain.mirror.Aim;
import mortmain.mirror.Mirror;
import mortmain.mirror.Said;
import mortmain.mirror.Through;
import mortmain.model.Change;
import mortmain.model.ErrorCode;
import mortmain.model.Event;
import mortmain.model.Key;
import mortmain.model.MortmainException;
import mortmain.model.Mount;
import mortmain.model.Receipt;
import mortmain.model.Rejection;

/**
 * The mounts of a store. What decisions ask and tell is quick and runs under the engine's lock; the rest touches files and never runs under it:
 * a file's lock may be held while the engine's is taken, not the other way round. Thread-safe.
 */
final class Mirrors implements Mirroring {
  private static final int STRANGERS = 1_000_000;

  private final Decisions decisions;
  private final Disk disk;
  private final Path directory;
  private final MirrorSource source;
  private final MirrorThread thread = new MirrorThread(this);
  private final ReentrantLock mounting = new ReentrantLock();
  /** Copied when it changes, under the engine's lock: decisions read it without one. */
  private volatile NavigableMap<String, Live> live = Collections.emptyNavigableMap();
  private Mirror prepared;

  /** A mount at work. */
  private record Live(Mirror mirror, AtomicReference<Through> through, MirrorNames names) {}

  Mirrors(Decisions decisions, Disk disk, Path directory, MirrorSource source) {
    this.decisions = decisions;
    this.disk = disk;
    this.directory = directory;
    this.source = source;
  }

  /** After recovery: directories that cannot be opened are tried again and again. */
  void opened() {
    decisions.state().index().mounts().byPrefix().forEach((prefix, known) -> {
      Mirror mirror = mirror(known.mount(), new AtomicReference<>(known.through()));
      mirror.reopened();
    });
  }

  private Mirror mirror(Mount mount, AtomicReference<Through> through) {
    Mirror mirror = new Mirror(disk, mount, source, through::get, false);
    put(mount.prefix(), new Live(mirror, through, new MirrorNames(mount.prefix(), decisions.state().index(), mirror)));
    return mirror;
  }

  private void put(String prefix, Live mounted) {
    NavigableMap<String, Live> copy = new TreeMap<>(live);
    if (mounted == null) {
      copy.remove(prefix);
    } else {
      copy.put(prefix, mounted);
    }
    live = copy;
  }

  void start() {
    thread.start();
  }

  /** Everything that is due: files that are behind, what is to be forced, MirroredThrough. */
  void pass(boolean forcing) {
    for (Live each : live.values()) {
      each.mirror().catchUp();
      if (forcing && !mounting.isLocked()) { // thousands of new files are forced when all are written
        force(each);
      }
    }
  }

  private void force(Live each) {
    long[] durable = new long[1];
    Aim aim = decisions.locked(() -> {
      durable[0] = decisions.journal().durableRevision();
      return each.mirror().aim();
    });
    long target = Math.min(durable[0], aim.firstBehind() - 1);
    if (each.mirror().force(target, aim) && target > each.through().get().revision()) {
      String prefix = each.mirror().mount().prefix();
      decisions.record(view -> new Event.MirroredThrough(view.revision() + 1, view.wallMicros(), prefix, target));
    }
  }

  /** Before the journal closes: the next start need not look for anything. */
  void stop() {
    live.values().forEach(each -> each.mirror().hurry());
    thread.stop();
    if (!live.isEmpty() && !decisions.journal().isOver()) {
      try {
        pass(true);
      } catch (RuntimeException e) {
        return; // the next start rolls forward what this one left
      }
    }
  }

  void close() {
    live.values().forEach(each -> each.mirror().close());
  }

  /** Hears every event. Under the engine's lock. */
  void on(Event event) {
    if (event instanceof Event.Committed committed) {
      if (!live.isEmpty()) {
        committed(committed);
      }
    } else if (event instanceof Event.Mounted mounted) {
      Live known = live.get(mounted.mount().prefix());
      if (known == null) {
        AtomicReference<Through> through = new AtomicReference<>(new Through(mounted.revision(), false));
        Mirror mirror = prepared;
        put(mounted.mount().prefix(), new Live(mirror, through, new MirrorNames(mounted.mount().prefix(), decisions.state().index(), mirror)));
      } else {
        known.mirror().settings(mounted.mount());
      }
    } else if (event instanceof Event.Unmounted unmounted) {
      put(unmounted.prefix(), null);
    } else if (event instanceof Event.Restored) {
      live = Collections.emptyNavigableMap();
    } else if (event instanceof Event.MirroredThrough mirrored && live.containsKey(mirrored.prefix())) {
      live.get(mirrored.prefix()).through().set(new Through(mirrored.through(), true));
    }
  }

  private void committed(Event.Committed event) {
    for (Change change : event.changes()) {
      Live mounted = change.content() instanceof Change.Kept ? null : of(change.key());
      if (mounted != null) {
        mounted.mirror().decided(change.key(), event.revision());
        mounted.names().changed(change.key(), !(change.content() instanceof Change.Deleted));
      }
    }
  }

  private Live of(Key key) {
    String name = key.toString();
    Map.Entry<String, Live> below = live.floorEntry(name);
    return below != null && name.startsWith(below.getKey()) ? below.getValue() : null;
  }

  @Override
  public boolean any() {
    return !live.isEmpty();
  }

  /** The path of a file that the last look found edited, or null. */
  String edited(Key key) {
    Live mounted = of(key);
    return mounted == null ? null : mounted.mirror().edited(key);
  }

  /** Under the engine's lock. */
  String collision(List<Key> fresh) {
    Map<MirrorNames, List<Key>> mounted = new LinkedHashMap<>();
    for (Key key : fresh) {
      Live at = of(key);
      if (at != null) {
        mounted.computeIfAbsent(at.names(), names -> new ArrayList<>(1)).add(key);
      }
    }
    for (Map.Entry<MirrorNames, List<Key>> at : mounted.entrySet()) {
      String collision = at.getKey().collision(at.getValue());
      if (collision != null) {
        return collision;
      }
    }
    return null;
  }

  @Override
  public List<Key> look(List<Key> keys) {
    List<Key> adopt = new ArrayList<>(0);
    for (Key key : keys) {
      Live mounted = of(key);
      if (mounted != null && mounted.mirror().look(key) && mounted.mirror().mount().adopt()) {
        adopt.add(key);
      }
    }
    return adopt;
  }

  @Override
  public void require(List<Key> keys) {
    for (Key key : keys) {
      String path = edited(key);
      if (path != null) {
        throw Fence.edited(key, path).exception();
      }
    }
  }

  @Override
  public Boolean mirrored(Receipt receipt) {
    Boolean all = null;
    for (Receipt.KeyReceipt key : receipt.keys()) {
      Live mounted = of(key.key());
      if (mounted != null) {
        boolean written = mounted.mirror().mount().sync() ? mounted.mirror().bring(key.key(), key.revision()) : thread.later();
        all = written && !Boolean.FALSE.equals(all);
      }
    }
    return all;
  }

  @Override
  public Edit edit(Key key) {
    Live mounted = of(key);
    if (mounted == null) {
      throw Rejection.invalid("key", key + " is not mounted").exception();
    }
    try {
      Mirror.Edit edit = mounted.mirror().edit(key);
      return edit == null ? null : MirrorEdit.of(edit, newest(key), decisions.state().limits().value());
    } catch (IOException e) {
      throw Rejection.invalid("key", "the file of " + key + " cannot be adopted: " + Said.of(e)).exception();
    }
  }

  private Version newest(Key key) {
    return decisions.locked(() -> {
      KeyRecord record = decisions.state().index().find(key);
      return record == null ? null : record.newest;
    });
  }

  @Override
  public void adopted(List<Edit> edits, long revision) {
    for (Edit edit : edits) {
      Live mounted = of(edit.key());
      if (mounted != null) {
        mounted.mirror().adopted(((MirrorEdit) edit).bytes(), revision);
      }
    }
  }

  @Override
  public void mount(Mount mount, String by) {
    mounting.lock();
    try {
      MountCheck.require(mount, directory, live.values().stream().map(each -> each.mirror().mount()).toList());
      Live known = live.get(mount.prefix());
      if (known == null) {
        prepared = open(mount);
      }
      Mirror mirror = known == null ? prepared : known.mirror();
      try {
        if (known == null || !known.mirror().mount().equals(mount)) {
          decisions.record(view -> mounted(view, mount, by, mirror));
        }
      } catch (RuntimeException e) {
        if (known == null) {
          mirror.close();
        }
        throw e;
      }
      mirror.catchUp();
    } finally {
      prepared = null;
      mounting.unlock();
    }
  }

  private Mirror open(Mount mount) {
    Through none = new Through(0, false);
    Mirror mirror = new Mirror(disk, mount, source, () -> {
      Live at = live.get(mount.prefix());
      return at == null ? none : at.through().get();
    }, true);
    try {
      mirror.open(true);
      return mirror;
    } catch (IOException e) {
      throw Rejection.invalid("directory", Said.of(e)).exception();
    }
  }

  private Event mounted(FileView view, Mount mount, String by, Mirror mirror) {
    String collision = new MirrorNames(mount.prefix(), decisions.state().index(), mirror).collision();
    if (collision != null) {
      throw Rejection.invalid("prefix", collision).exception();
    }
    return new Event.Mounted(view.revision() + 1, view.wallMicros(), by, mount);
  }

  @Override
  public boolean unmount(String prefix, String by) {
    mounting.lock();
    try {
      Live known = live.get(prefix);
      if (known == null) {
        return false;
      }
      known.mirror().catchUp();
      decisions.record(view -> new Event.Unmounted(view.revision() + 1, view.wallMicros(), by, prefix));
      known.mirror().close();
      return true;
    } finally {
      mounting.unlock();
    }
  }

  @Override
  public List<Key> strangers(String prefix) {
    Live mounted = live.get(prefix);
    List<Key> found = new ArrayList<>();
    try {
      for (String path : mounted == null ? List.<String>of() : mounted.mirror().files(STRANGERS)) {
        Key key = keyOf(prefix + path);
        if (key != null && mounted.mirror().look(key)) {
          found.add(key);
        }
      }
    } catch (IOException e) {
      throw Rejection.of(ErrorCode.UNAVAILABLE, "the directory cannot be listed: " + Said.of(e), Map.of("reason", "refused")).exception();
    }
    return found;
  }

  /** Null when the name of a file cannot be one of a key. */
  private static Key keyOf(String name) {
    try {
      return Key.of(name);
    } catch (MortmainException e) {
      return null;
    }
  }

  @Override
  public List<Map<String, Object>> describe() {
    List<Map<String, Object>> told = new ArrayList<>();
    live.values().forEach(each -> told.add(new LinkedHashMap<>(each.mirror().describe())));
    return told;
  }
}
