package mortmain.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** Counts the bytes that are read. Safe for use by several threads. */
public final class CountingDisk implements Disk {
  private final Disk disk;
  private final AtomicLong bytes = new AtomicLong();

  public CountingDisk(Disk disk) {
    this.disk = disk;
  }

  /** How many bytes were read since the last time. */
  public long bytesRead() {
    return bytes.getAndSet(0);
  }

  @Override
  public DiskFile open(Path file) throws IOException {
    return new Counted(disk.open(file));
  }

  @Override
  public DiskFile create(Path file) throws IOException {
    return new Counted(disk.create(file));
  }

  @Override
  public boolean exists(Path file) throws IOException {
    return disk.exists(file);
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    disk.rename(from, to);
  }

  @Override
  public void delete(Path file) throws IOException {
    disk.delete(file);
  }

  @Override
  public List<String> list(Path directory) throws IOException {
    return disk.list(directory);
  }

  @Override
  public void forceDirectory(Path directory) throws IOException {
    disk.forceDirectory(directory);
  }

  @Override
  public void createDirectories(Path directory) throws IOException {
    disk.createDirectories(directory);
  }

  @Override
  public long usableSpace(Path path) throws IOException {
    return disk.usableSpace(path);
  }

  @Override
  public Folder folder(Path directory, boolean create) throws IOException {
    return disk.folder(directory, create);
  }

  private final class Counted implements DiskFile {
    private final DiskFile file;

    Counted(DiskFile file) {
      this.file = file;
    }

    @Override
    public int read(long position, ByteBuffer into) throws IOException {
      int n = file.read(position, into);
      bytes.addAndGet(Math.max(0, n));
      return n;
    }

    @Override
    public int write(long position, ByteBuffer from) throws IOException {
      return file.write(position, from);
    }

    @Override
    public long size() throws IOException {
      return file.size();
    }

    @Override
    public void force() throws IOException {
      file.force();
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }
}
