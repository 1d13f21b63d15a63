package mortmain.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * A file system in memory that knows what was forced. It tells a listener of every step before it is made, and at any time it can make every
 * image that a power loss may leave: see {@link #forEachCrashImage}. {@link #kill} is the death of the process alone: the cache survives.
 *
 * <p>Safe for use by several threads.
 */
public final class MemoryDisk implements Disk {
  /** That many combinations of files are made in full; beyond, each file varies while the others are all old or all new. */
  private static final int COMBINATIONS = 20_000;
  private static final int ALL_NAMES = 7;

  private final Map<Path, MemoryFile> names = new TreeMap<>();
  private final Map<Path, MemoryFile> durableNames = new TreeMap<>();
  private final List<NameChange> unforced = new ArrayList<>();
  private final Set<Path> directories = new HashSet<>();
  private Consumer<String> listener = step -> { };
  private Path coarse;
  private boolean folding;

  /** A directory record that is not forced: a name goes (from), a name comes (to), or both. */
  private record NameChange(Path from, Path to, MemoryFile file) {
    boolean touches(Path directory) {
      return (from != null && directory.equals(from.getParent())) || (to != null && directory.equals(to.getParent()));
    }

    void apply(Map<Path, MemoryFile> names) {
      if (from != null) {
        names.remove(from, file);
      }
      if (to != null) {
        names.put(to, file);
      }
    }
  }

  /** Calls the listener before every write, force and change of a name, with what it is; whatever it throws, the step does. */
  public synchronized void listen(Consumer<String> to) {
    listener = to;
  }

  /** Files below this directory vary only between all that was forced and all that was written. */
  public synchronized void varyLittle(Path directory) {
    coarse = directory;
  }

  /** Directories of users say that the case of letters does not count. */
  public synchronized void foldCase() {
    folding = true;
  }

  /** What the disk is after the process was killed: as the page cache has it, nothing more or less forced. */
  public synchronized MemoryDisk kill() {
    MemoryDisk copy = new MemoryDisk();
    Map<MemoryFile, MemoryFile> copies = new LinkedHashMap<>();
    names.forEach((path, file) -> copy.names.put(path, copies.computeIfAbsent(file, MemoryFile::copy)));
    durableNames.forEach((path, file) -> copy.durableNames.put(path, copies.computeIfAbsent(file, MemoryFile::copy)));
    for (NameChange change : unforced) {
      copy.unforced.add(new NameChange(change.from, change.to, copies.computeIfAbsent(change.file, MemoryFile::copy)));
    }
    copy.directories.addAll(directories);
    copy.coarse = coarse;
    return copy;
  }

  /** The image that holds only what was forced. */
  public synchronized MemoryDisk losePower() {
    List<MemoryDisk> images = new ArrayList<>();
    Map<MemoryFile, byte[]> contents = new LinkedHashMap<>();
    for (MemoryFile file : durableNames.values()) {
      contents.put(file, file.contentsAfterPowerLoss().get(0));
    }
    images.add(image(durableNames, contents));
    return images.get(0);
  }

  /** One of the images that a power loss now may leave. */
  public synchronized MemoryDisk crashImage(Random random) {
    List<Map<Path, MemoryFile>> names = List.copyOf(namesAfterPowerLoss());
    Map<Path, MemoryFile> survivors = names.get(random.nextInt(names.size()));
    Map<MemoryFile, byte[]> contents = new LinkedHashMap<>();
    for (MemoryFile file : survivors.values()) {
      contents.computeIfAbsent(file, each -> {
        List<byte[]> all = each.contentsAfterPowerLoss();
        return all.get(random.nextInt(all.size()));
      });
    }
    return image(survivors, contents);
  }

  /** Makes the images that a power loss now may leave, one after the other, and returns how many. */
  public synchronized int forEachCrashImage(Consumer<MemoryDisk> consumer) {
    Map<MemoryFile, List<byte[]>> contents = new LinkedHashMap<>();
    int made = 0;
    for (Map<Path, MemoryFile> survivors : namesAfterPowerLoss()) {
      survivors.forEach((path, file) -> contents.computeIfAbsent(file,
          f -> coarse != null && path.startsWith(coarse) ? f.extremesAfterPowerLoss() : f.contentsAfterPowerLoss()));
      for (Map<MemoryFile, byte[]> choice : choices(new LinkedHashSet<>(survivors.values()), contents)) {
        consumer.accept(image(survivors, choice));
        made++;
      }
    }
    return made;
  }

  private Set<Map<Path, MemoryFile>> namesAfterPowerLoss() {
    Set<Map<Path, MemoryFile>> results = new LinkedHashSet<>();
    int changes = unforced.size();
    int subsets = changes <= ALL_NAMES ? 1 << changes : changes + 1;
    for (int subset = 0; subset < subsets; subset++) {
      Map<Path, MemoryFile> survivors = new TreeMap<>(durableNames);
      for (int i = 0; i < changes; i++) {
        if (changes <= ALL_NAMES ? (subset >> i & 1) == 1 : i < subset) {
          unforced.get(i).apply(survivors);
        }
      }
      results.add(survivors);
    }
    return results;
  }

  private static List<Map<MemoryFile, byte[]>> choices(Set<MemoryFile> files, Map<MemoryFile, List<byte[]>> contents) {
    long product = 1;
    for (MemoryFile file : files) {
      product = Math.min(COMBINATIONS + 1, product * contents.get(file).size());
    }
    Map<MemoryFile, byte[]> old = new LinkedHashMap<>();
    Map<MemoryFile, byte[]> young = new LinkedHashMap<>();
    for (MemoryFile file : files) {
      old.put(file, contents.get(file).get(0));
      young.put(file, file.content());
    }
    List<Map<MemoryFile, byte[]>> result = new ArrayList<>(List.of(old));
    for (MemoryFile file : files) {
      List<Map<MemoryFile, byte[]>> bases = product <= COMBINATIONS ? List.copyOf(result) : List.of(old, young);
      for (byte[] content : contents.get(file).subList(product <= COMBINATIONS ? 1 : 0, contents.get(file).size())) {
        for (Map<MemoryFile, byte[]> base : bases) {
          Map<MemoryFile, byte[]> choice = new LinkedHashMap<>(base);
          choice.put(file, content);
          result.add(choice);
        }
      }
    }
    return result;
  }

  private MemoryDisk image(Map<Path, MemoryFile> survivors, Map<MemoryFile, byte[]> contents) {
    MemoryDisk disk = new MemoryDisk();
    survivors.forEach((path, file) -> disk.names.put(path, MemoryFile.holding(contents.get(file).clone())));
    disk.durableNames.putAll(disk.names);
    disk.directories.addAll(directories);
    disk.coarse = coarse;
    return disk;
  }

  /** Equal for two disks with equal names and contents, as the cache has them. */
  public synchronized long fingerprint() {
    long hash = 17;
    for (Map.Entry<Path, MemoryFile> each : names.entrySet()) {
      hash = hash * 1_000_003 + each.getKey().hashCode();
      hash = hash * 1_000_003 + each.getValue().hash();
    }
    return hash;
  }

  /** The bytes of a file as the cache shows them; for tests that look or tamper. */
  public synchronized byte[] content(Path path) throws NoSuchFileException {
    return file(path).content();
  }

  /** Replaces a file's bytes, durably, as a fault of the medium or a person would. */
  public synchronized void tamper(Path path, byte[] content) {
    MemoryFile file = MemoryFile.holding(content.clone());
    unforced.removeIf(change -> path.equals(change.to)); // what came before it must not come after it
    names.put(path, file);
    durableNames.put(path, file);
  }

  /** Removes a file, durably. */
  public synchronized void lose(Path path) {
    unforced.removeIf(change -> path.equals(change.to));
    names.remove(path);
    durableNames.remove(path);
  }

  private MemoryFile file(Path path) throws NoSuchFileException {
    MemoryFile file = names.get(path);
    if (file == null) {
      throw new NoSuchFileException(path.toString());
    }
    return file;
  }

  private void change(Path from, Path to, MemoryFile file) {
    NameChange change = new NameChange(from, to, file);
    unforced.add(change);
    change.apply(names);
  }

  @Override
  public synchronized DiskFile open(Path path) throws IOException {
    return new Opened(path, file(path));
  }

  @Override
  public synchronized DiskFile create(Path path) throws IOException {
    listener.accept("create " + path);
    if (names.containsKey(path)) {
      throw new FileAlreadyExistsException(path.toString());
    }
    if (!directories.contains(path.getParent())) {
      throw new NoSuchFileException(path.toString());
    }
    change(null, path, new MemoryFile());
    return new Opened(path, names.get(path));
  }

  @Override
  public synchronized boolean exists(Path path) {
    return names.containsKey(path) || directories.contains(path);
  }

  @Override
  public synchronized void rename(Path from, Path to) throws IOException {
    listener.accept("rename " + from + " to " + to);
    change(from, to, file(from));
  }

  @Override
  public synchronized void delete(Path path) throws IOException {
    listener.accept("delete " + path);
    change(path, null, file(path));
  }

  @Override
  public synchronized List<String> list(Path directory) {
    return names.keySet().stream().filter(path -> directory.equals(path.getParent())).map(path -> path.getFileName().toString()).toList();
  }

  @Override
  public synchronized void forceDirectory(Path directory) {
    listener.accept("force directory " + directory);
    for (NameChange change : unforced) {
      if (change.touches(directory)) {
        change.apply(durableNames);
      }
    }
    unforced.removeIf(change -> change.touches(directory));
  }

  @Override
  public synchronized void createDirectories(Path directory) {
    for (Path at = directory; at != null; at = at.getParent()) {
      directories.add(at);
    }
  }

  @Override
  public Folder folder(Path directory, boolean create) throws IOException {
    return new MemoryFolder(this, directory, folding);
  }

  @Override
  public long usableSpace(Path path) {
    return 1L << 40;
  }

  /** An open file; also lets {@link FaultyDisk} forget what a failed force lost. */
  final class Opened implements DiskFile {
    private final Path path;
    private final MemoryFile file;

    Opened(Path path, MemoryFile file) {
      this.path = path;
      this.file = file;
    }

    void failForce() {
      synchronized (MemoryDisk.this) {
        file.failForce();
      }
    }

    @Override
    public int read(long position, ByteBuffer into) {
      synchronized (MemoryDisk.this) {
        return file.read(position, into);
      }
    }

    @Override
    public int write(long position, ByteBuffer from) throws IOException {
      synchronized (MemoryDisk.this) {
        listener.accept("write " + path + " at " + position);
        return file.write(position, from);
      }
    }

    @Override
    public long size() {
      synchronized (MemoryDisk.this) {
        return file.size();
      }
    }

    @Override
    public void force() {
      synchronized (MemoryDisk.this) {
        listener.accept("force " + path);
        file.force();
      }
    }

    @Override
    public void close() {}
  }
}
