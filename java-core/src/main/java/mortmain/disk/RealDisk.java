package mortmain.disk;

import java.io.IOException;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** The local file system. Safe for use by several threads; holds no state. */
public final class RealDisk implements Disk {
  private static final boolean CLONES = Runtime.version().feature() >= 20;

  @Override
  public DiskFile open(Path file) throws IOException {
    return channel(file, Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS));
  }

  @Override
  public DiskFile create(Path file) throws IOException {
    return channel(file, Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW));
  }

  @Override
  public DiskFile openForReading(Path file) throws IOException {
    return channel(file, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS));
  }

  /** From Java 20 on the JDK's own copy clones where the file system can; an older one copies in steps. */
  @Override
  public void copy(Path from, Path to) throws IOException {
    if (!CLONES) {
      Disk.super.copy(from, to);
      return;
    }
    Files.copy(from, to, LinkOption.NOFOLLOW_LINKS);
    try (DiskFile copy = open(to)) {
      copy.force();
    }
  }

  private static RealFile channel(Path file, Set<OpenOption> options) throws IOException {
    return new RealFile(AsynchronousFileChannel.open(file, options, SameThread.orDefault()));
  }

  @Override
  public boolean exists(Path file) {
    return Files.exists(file, LinkOption.NOFOLLOW_LINKS);
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
  }

  @Override
  public void delete(Path file) throws IOException {
    Files.delete(file);
  }

  @Override
  public List<String> list(Path directory) throws IOException {
    try (Stream<Path> names = Files.list(directory)) {
      return names.map(name -> name.getFileName().toString()).sorted().toList();
    }
  }

  @Override
  public void forceDirectory(Path directory) throws IOException {
    if (SameThread.WINDOWS) {
      return; // a directory cannot be opened there, and NTFS journals names by itself
    }
    try (var channel = AsynchronousFileChannel.open(directory, Set.of(StandardOpenOption.READ), SameThread.orDefault())) {
      channel.force(true);
    }
  }

  @Override
  public void createDirectories(Path directory) throws IOException {
    Deque<Path> missing = new ArrayDeque<>();
    Path at = directory.toAbsolutePath();
    while (at != null && !Files.exists(at)) {
      missing.push(at);
      at = at.getParent();
    }
    for (Path each : missing) {
      Files.createDirectories(each);
      forceDirectory(each.getParent());
    }
  }

  @Override
  public Folder folder(Path directory, boolean create) throws IOException {
    return RealFolder.open(directory, create);
  }

  @Override
  public long usableSpace(Path path) throws IOException {
    return Files.getFileStore(path).getUsableSpace();
  }
}
