package mortmain.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import mortmain.disk.Disk;
import mortmain.disk.DiskFile;
import mortmain.disk.OtherDisk;

/**
 * Tells a trace which revisions are on the disk: read from the frames as they are written, true when the force of their file has returned. A force
 * takes its time, so that others gather behind it. Thread-safe.
 */
final class TracedDisk extends OtherDisk {
  private static final int MAGIC = 0x4D46524D;
  private static final int LAST_REVISION = 24;
  private static final long FORCE_NANOS = 150_000;

  private final Trace trace;
  private final Sabotage sabotage;
  private volatile int life;

  TracedDisk(Disk inner, Trace trace, Sabotage sabotage) {
    super(inner);
    this.trace = trace;
    this.sabotage = sabotage;
  }

  /** From now on forces are part of this life of the store. */
  void serves(int inLife) {
    life = inLife;
  }

  @Override
  protected DiskFile opened(DiskFile file) {
    return new Opened(file);
  }

  private final class Opened extends OtherFile {
    private volatile long written;

    Opened(DiskFile file) {
      super(file);
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
  }
}
