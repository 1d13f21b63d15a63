package mortmain.file;

import java.text.Normalizer;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import mortmain.disk.TemporaryNames;
import mortmain.mirror.Mirror;
import mortmain.model.Key;

/**
 * Which keys of a mount cannot be files beside each other: {@code a} and {@code a/b}, and {@code Plan.md} and {@code plan.md} where the file
 * system folds the case of letters. Guarded by the engine's lock.
 */
final class MirrorNames {
  private final String prefix;
  private final Index index;
  private final Mirror mirror;
  /** By folded name; null where nothing folds: there the index knows. */
  private NavigableMap<String, Key> folded;

  MirrorNames(String prefix, Index index, Mirror mirror) {
    this.prefix = prefix;
    this.index = index;
    this.mirror = mirror;
  }

  /** Why the keys that exist cannot all be files, or null. */
  String collision() {
    for (KeyRecord record : index.below(prefix, null)) {
      String collision = record.exists() ? collision(record.key) : null;
      if (collision != null) {
        return collision;
      }
    }
    return null;
  }

  /** Why keys that one commit creates cannot be files beside those that exist and beside each other, or null. */
  String collision(List<Key> fresh) {
    Map<String, Key> together = new HashMap<>();
    for (Key key : fresh) {
      String collision = collision(key);
      Key same = together.put(mirror.foldsCase() ? fold(name(key)) : name(key), key);
      if (collision != null || same != null) {
        return collision != null ? collision : cannotBoth(key, same);
      }
    }
    for (Map.Entry<String, Key> one : together.entrySet()) {
      String name = one.getKey();
      for (int slash = name.lastIndexOf('/'); slash > 0; slash = name.lastIndexOf('/', slash - 1)) {
        Key above = together.get(name.substring(0, slash));
        if (above != null) {
          return cannotBoth(one.getValue(), above);
        }
      }
    }
    return null;
  }

  /** Why a key cannot be a file beside those that exist, or null. */
  private String collision(Key key) {
    String name = name(key);
    int slash = name.indexOf('/');
    if (TemporaryNames.is(slash < 0 ? name : name.substring(0, slash))) {
      return key + " has the name of a temporary file of mortmain";
    }
    Key other = mirror.foldsCase() ? amongFolded(key, fold(name)) : amongKeys(key, name);
    return other == null ? null : cannotBoth(key, other);
  }

  private String name(Key key) {
    return key.toString().substring(prefix.length());
  }

  private static String cannotBoth(Key key, Key other) {
    return key + " and " + other + " cannot both be files: choose another name, or mount a narrower prefix";
  }

  private Key amongKeys(Key key, String name) {
    for (int slash = name.lastIndexOf('/'); slash > 0; slash = name.lastIndexOf('/', slash - 1)) {
      KeyRecord above = index.find(Key.of(prefix + name.substring(0, slash)));
      if (above != null && above.exists()) {
        return above.key;
      }
    }
    for (KeyRecord below : index.below(key + "/", null)) {
      if (below.exists()) {
        return below.key;
      }
    }
    return null;
  }

  private Key amongFolded(Key key, String name) {
    NavigableMap<String, Key> names = folded();
    Key same = names.get(name);
    if (same != null && !same.equals(key)) {
      return same;
    }
    for (int slash = name.lastIndexOf('/'); slash > 0; slash = name.lastIndexOf('/', slash - 1)) {
      if (names.containsKey(name.substring(0, slash))) {
        return names.get(name.substring(0, slash));
      }
    }
    String below = names.ceilingKey(name + "/");
    return below != null && below.startsWith(name + "/") ? names.get(below) : null;
  }

  private NavigableMap<String, Key> folded() {
    if (folded == null) {
      folded = new TreeMap<>();
      for (KeyRecord record : index.below(prefix, null)) {
        if (record.exists()) {
          folded.putIfAbsent(fold(name(record.key)), record.key);
        }
      }
    }
    return folded;
  }

  void changed(Key key, boolean exists) {
    if (folded != null) {
      String name = fold(name(key));
      if (exists) {
        folded.put(name, key);
      } else {
        folded.remove(name, key);
      }
    }
  }

  private static String fold(String name) {
    return Normalizer.normalize(name, Normalizer.Form.NFD).toLowerCase(Locale.ROOT);
  }
}
