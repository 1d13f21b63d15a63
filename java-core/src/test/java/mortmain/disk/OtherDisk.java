package mortmain.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;

/** Another disk, with what a subclass does differently: by default, nothing. As safe for threads as that disk. */
public abstract class OtherDisk implements Disk {
  protected final Disk inner;

  protected OtherDisk(Disk inner) {
    this.inner = inner;
  }

  /** What stands for a file of the other disk. */
  protected abstract DiskFile opened(DiskFile file);

  @Override
  public DiskFile open(Path file) throws IOException {
    return opened(inner.open(file));
  }

  @Override
  public DiskFile create(Path file) throws IOException {
    return opened(inner.create(file));
  }

  @Override
  public boolean exists(Path file) throws IOException {
    return inner.exists(file);
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    inner.rename(from, to);
  }

  @Override
  public void delete(Path file) throws IOException {
    inner.delete(file);
  }

  @Override
  public List<String> list(Path directory) throws IOException {
    return inner.list(directory);
  }

  @Override
  public void forceDirectory(Path directory) throws IOException {
    inner.forceDirectory(directory);
  }

  @Override
  public void createDirectories(Path directory) throws IOException {
    inner.createDirectories(directory);
  }

  @Override
  public Folder folder(Path directory, boolean create) throws IOException {
    return inner.folder(directory, create);
  }

  @Override
  public long usableSpace(Path path) throws IOException {
    return inner.usableSpace(path);
  }

  /** A file of the other disk, with what a subclass does differently. */
  protected abstract static class OtherFile implements DiskFile {
    protected final DiskFile file;

    protected OtherFile(DiskFile file) {
      this.file = file;
    }

    @Override
    public int read(long position, ByteBuffer into) throws IOException {
      return file.read(position, into);
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
