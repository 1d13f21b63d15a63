package mortmain.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLong;

/** Counts the bytes that are read. Safe for use by several threads. */
public final class CountingDisk extends OtherDisk {
  private final AtomicLong bytes = new AtomicLong();

  public CountingDisk(Disk disk) {
    super(disk);
  }

  /** How many bytes were read since the last time. */
  public long bytesRead() {
    return bytes.getAndSet(0);
  }

  @Override
  protected DiskFile opened(DiskFile file) {
    return new Counted(file);
  }

  private final class Counted extends OtherFile {
    Counted(DiskFile file) {
      super(file);
    }

    @Override
    public int read(long position, ByteBuffer into) throws IOException {
      int n = file.read(position, into);
      bytes.addAndGet(Math.max(0, n));
      return n;
    }
  }
}
