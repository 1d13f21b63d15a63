package mortmain.file;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import mortmain.mirror.Through;
import mortmain.model.Event;
import mortmain.model.Mount;

/** What the journal says of mounts. Guarded by the engine's lock. */
final class Mounts {
  record Mounted(Mount mount, Through through) {}

  private final Map<String, Mounted> byPrefix = new TreeMap<>();

  Map<String, Mounted> byPrefix() {
    return byPrefix;
  }

  /** Events that lead here. */
  List<Event> events() {
    List<Event> events = new ArrayList<>();
    byPrefix.forEach((prefix, mounted) -> {
      long through = mounted.through().revision();
      events.add(new Event.Mounted(through, 0, "", mounted.mount()));
      if (mounted.through().forced()) {
        events.add(new Event.MirroredThrough(through, 0, prefix, through));
      }
    });
    return events;
  }

  void apply(Event event) {
    if (event instanceof Event.Committed) {
      return; // the common case
    }
    if (event instanceof Event.Mounted mounted) {
      Mounted before = byPrefix.get(mounted.mount().prefix());
      byPrefix.put(mounted.mount().prefix(), new Mounted(mounted.mount(), before == null ? new Through(mounted.revision(), false) : before.through()));
    } else if (event instanceof Event.Unmounted unmounted) {
      byPrefix.remove(unmounted.prefix());
    } else if (event instanceof Event.MirroredThrough mirrored) {
      byPrefix.computeIfPresent(mirrored.prefix(), (prefix, known) -> new Mounted(known.mount(), new Through(mirrored.through(), true)));
    } else if (event instanceof Event.Restored) {
      byPrefix.clear(); // another store must not write into the files of the one that it is a copy of
    }
  }
}
