package mortmain.file;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import mortmain.model.Key;

/** The tree of prefixes: a level for each one above a key that has a record, and for each that was reclaimed. Guarded by the engine's lock. */
final class Levels {
  private final Map<String, PathLevel> levels = new HashMap<>();
  private final PathLevel root = new PathLevel("", null);

  Levels() {
    levels.put("", root);
  }

  /** The level of a prefix, null where nothing below it has a record and it was not reclaimed. */
  PathLevel find(String prefix) {
    return levels.get(prefix);
  }

  /** The level of a prefix, made if it is not there. */
  PathLevel at(String prefix) {
    PathLevel level = levels.get(prefix);
    if (level == null) {
      PathLevel parent = at(parentPrefix(prefix.substring(0, prefix.length() - 1)));
      parent.children++;
      level = new PathLevel(prefix, parent);
      levels.put(prefix, level);
    }
    return level;
  }

  /** The level that a key lies in, made if it is not there. */
  PathLevel above(Key key) {
    return at(parentPrefix(key.toString()));
  }

  /** The deepest level above a key that is there. */
  PathLevel deepest(Key key) {
    String prefix = parentPrefix(key.toString());
    PathLevel level = levels.get(prefix);
    while (level == null) {
      prefix = parentPrefix(prefix.substring(0, prefix.length() - 1));
      level = levels.get(prefix);
    }
    return level;
  }

  /** Those that were reclaimed. */
  List<PathLevel> counted() {
    return levels.values().stream().filter(level -> level.count > 0).toList();
  }

  /** Drops levels with nothing below them, unless they were reclaimed, or written below after this revision. */
  void drop(long upTo) {
    List<PathLevel> empty = new ArrayList<>();
    levels.values().forEach(level -> {
      if (level != root && level.children == 0) {
        empty.add(level);
      }
    });
    empty.forEach(level -> drop(level, upTo));
  }

  private void drop(PathLevel level, long upTo) {
    if (level != root && level.children == 0 && level.count == 0 && level.newestWrite <= upTo) {
      levels.remove(level.prefix);
      level.parent.children--;
      drop(level.parent, upTo);
    }
  }

  private static String parentPrefix(String path) {
    return path.substring(0, path.lastIndexOf('/') + 1);
  }
}
