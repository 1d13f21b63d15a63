package mortmain.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;

/** A directory of the user's on a disk in memory: every step is one of the disk's, so it is recorded, can fail and be lost. */
final class MemoryFolder implements Folder {
  private final Disk disk;
  private final Path root;
  private final boolean folding;
  private final AtomicLong temporary = new AtomicLong();

  MemoryFolder(Disk disk, Path root, boolean folding) throws IOException {
    this.disk = disk;
    this.root = root;
    this.folding = folding;
    disk.createDirectories(root);
    for (String name : disk.list(root)) {
      if (TemporaryNames.is(name)) {
        disk.delete(root.resolve(name));
      }
    }
  }

  /** What a file is, without a clock: its own identity and its bytes. */
  @Override
  public Seen look(String path) throws IOException {
    try {
      byte[] bytes = read(path, Integer.MAX_VALUE);
      return new Seen(Kind.FILE, ByteBuffer.wrap(bytes), bytes.length, 1, "rw");
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  @Override
  public byte[] read(String path, long limit) throws IOException {
    try (DiskFile file = disk.open(root.resolve(path))) {
      if (file.size() > limit) {
        throw new IOException(path + " has " + file.size() + " bytes, the limit is " + limit);
      }
      byte[] bytes = new byte[(int) file.size()];
      file.readFully(0, ByteBuffer.wrap(bytes));
      return bytes;
    }
  }

  @Override
  public Staged stage(byte[] content) throws IOException {
    String name = TemporaryNames.of(temporary.incrementAndGet());
    try (DiskFile file = disk.create(root.resolve(name))) {
      file.writeFully(0, ByteBuffer.wrap(content));
    }
    return new Staged(name, look(name));
  }

  @Override
  public Seen install(Staged staged, String path, Seen replaced) throws IOException {
    Path to = root.resolve(path);
    disk.createDirectories(to.getParent());
    disk.rename(root.resolve(staged.name()), to);
    return staged.seen();
  }

  @Override
  public void discard(Staged staged) {
    try {
      disk.delete(root.resolve(staged.name()));
    } catch (IOException e) {
      // it is gone
    }
  }

  @Override
  public void remove(String path) throws IOException {
    disk.delete(root.resolve(path));
  }

  @Override
  public void force(Collection<String> paths) throws IOException {
    TreeSet<Path> directories = new TreeSet<>();
    for (String path : paths) {
      directories.add(root.resolve(path).getParent());
      try (DiskFile file = disk.open(root.resolve(path))) {
        file.force();
      } catch (NoSuchFileException e) {
        // it was removed
      }
    }
    for (Path directory : directories) {
      disk.forceDirectory(directory);
    }
  }

  @Override
  public List<String> files(int limit) throws IOException {
    return new ArrayList<>(disk.list(root));
  }

  @Override
  public boolean foldsCase() {
    return folding;
  }

  @Override
  public boolean isThere() {
    return true;
  }

  @Override
  public void close() {}
}
