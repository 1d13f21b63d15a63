package mortmain.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import mortmain.disk.Disk;
import mortmain.disk.DiskFile;
import mortmain.disk.Folder;

/**
 * Tells a trace which revisions are on the disk: read from the frames as they are written, true when the force of their file has returned. A force
 * takes its time, so that others gather behind it. Thread-safe.
 */
final class TracedDisk implements Disk {
  private static final int MAGIC = 0x4D46524D;
  private static final int LAST_REVISION = 24;
  private static final long FORCE_NANOS = 150_000;

  private final Disk inner;
  private final Trace trace;
  private final Sabotage sabotage;
  private volatile int life;

  TracedDisk(Disk inner, Trace trace, Sabotage sabotage) {
    this.inner = inner;
    this.trace = trace;
    this.sabotage = sabotage;
  }

  /** From now on forces are part of this life of the store. */
  void serves(int inLife) {
    life = inLife;
  }

  @Override
  public DiskFile open(Path file) throws IOException {
    return new Opened(inner.open(file));
  }

  @Override
  public DiskFile create(Path file) throws IOException {
    return new Opened(inner.create(file));
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

  private final class Opened implements DiskFile {
    private final DiskFile file;
    private volatile long written;

    Opened(DiskFile file) {
      this.file = file;
    }

    @Override
    public int read(long position, ByteBuffer into) throws IOException {
      return file.read(position, into);
    }

    @Override
    public int write(long position, ByteBuffer from) throws IOException {
      int at = from.position();
      boolean frame = from.remaining() > LAST_REVISION + Long.BYTES && from.getInt(at) == MAGIC;
      long last = frame ? from.getLong(at + LAST_REVISION) : 0;
      int taken = file.write(position, from);
      written = Math.max(written, last);
      return taken;
    }

    @Override
    public long size() throws IOException {
      return file.size();
    }

    @Override
    public void force() throws IOException {
      long upTo = written;
      boolean serving = life > 0;
      if (serving) {
        LockSupport.parkNanos(ThreadLocalRandom.current().nextLong(FORCE_NANOS));
      }
      boolean leftOut = serving && sabotage == Sabotage.FORCE_LEFT_OUT && upTo > 0 && ThreadLocalRandom.current().nextBoolean();
      if (!leftOut) {
        file.force();
      }
      if (serving) {
        trace.forced(life, upTo);
      }
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }
}
