package mortmain.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;

/**
 * A disk that fails when it is told to: the n-th write, force or change of a name; writes that take fewer bytes; space that runs out. A
 * failed force on {@link MemoryDisk} behaves like the kernel's: the next one succeeds without the data. Safe for use by several threads.
 */
public final class FaultyDisk extends OtherDisk {
  /** What can be made to fail. */
  public enum Step { WRITE, FORCE, NAME }

  private final Map<Step, Integer> counts = new EnumMap<>(Step.class);
  private final Map<Step, Integer> failing = new EnumMap<>(Step.class);
  private String error = "Input/output error";
  private int largestWrite = Integer.MAX_VALUE;
  private long usableSpace = -1;
  private boolean failed;
  private int afterFailure;

  public FaultyDisk(Disk inner) {
    super(inner);
  }

  /** The n-th such step from now, counted from 1, fails with this message; later ones succeed. */
  public synchronized FaultyDisk fail(Step step, int nth, String message) {
    failing.put(step, count(step) + nth);
    error = message;
    return this;
  }

  /** No write takes more than this many bytes. */
  public synchronized FaultyDisk shortWrites(int bytes) {
    largestWrite = bytes;
    return this;
  }

  public synchronized FaultyDisk usableSpace(long bytes) {
    usableSpace = bytes;
    return this;
  }

  /** How many steps of this kind were tried. */
  public synchronized int count(Step step) {
    return counts.getOrDefault(step, 0);
  }

  /** Writes, forces and changes of names that were tried after the first one failed. */
  public synchronized int afterFailure() {
    return afterFailure;
  }

  public synchronized boolean failed() {
    return failed;
  }

  private synchronized boolean fails(Step step) {
    if (failed) {
      afterFailure++;
    }
    boolean fails = counts.merge(step, 1, Integer::sum).equals(failing.get(step));
    failed |= fails;
    return fails;
  }

  private void step(Step step) throws IOException {
    if (fails(step)) {
      throw new IOException(error);
    }
  }

  @Override
  public DiskFile create(Path file) throws IOException {
    step(Step.NAME);
    return super.create(file);
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    step(Step.NAME);
    inner.rename(from, to);
  }

  @Override
  public void delete(Path file) throws IOException {
    step(Step.NAME);
    inner.delete(file);
  }

  @Override
  public void forceDirectory(Path directory) throws IOException {
    step(Step.FORCE);
    inner.forceDirectory(directory);
  }

  @Override
  public Folder folder(Path directory, boolean create) throws IOException {
    return new MemoryFolder(this, directory, inner.folder(directory, create).foldsCase());
  }

  @Override
  public long usableSpace(Path path) throws IOException {
    return usableSpace >= 0 ? usableSpace : inner.usableSpace(path);
  }

  @Override
  protected DiskFile opened(DiskFile file) {
    return new Opened(file);
  }

  private final class Opened extends OtherFile {
    Opened(DiskFile file) {
      super(file);
    }

    /** A failing write leaves half of its bytes behind. */
    @Override
    public int write(long position, ByteBuffer from) throws IOException {
      boolean fails = fails(Step.WRITE);
      int limit = from.limit();
      int length = fails ? from.remaining() / 2 : Math.min(from.remaining(), largestWrite);
      from.limit(from.position() + length);
      int n = length == 0 ? 0 : file.write(position, from);
      from.limit(limit);
      if (fails) {
        throw new IOException(error);
      }
      return n;
    }

    @Override
    public void force() throws IOException {
      if (fails(Step.FORCE)) {
        if (file instanceof MemoryDisk.Opened memory) {
          memory.failForce();
        }
        throw new IOException(error);
      }
      file.force();
    }
  }
}
