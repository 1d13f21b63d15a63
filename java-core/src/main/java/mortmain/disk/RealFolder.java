package mortmain.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.ClosedDirectoryStreamException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.UserPrincipal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A directory of the local file system, held open: every step is relative to it and follows no link, name by name. Temporary files lie in it
 * directly, under names that are ours alone.
 */
final class RealFolder implements Folder {
  private static final Path HERE = Path.of(".");
  private static final LinkOption NO_LINKS = LinkOption.NOFOLLOW_LINKS;

  private final Path path;
  private final SecureDirectoryStream<Path> root;
  private final Object id;
  private final boolean folds;
  private final AtomicLong temporary = new AtomicLong(System.nanoTime() & Long.MAX_VALUE);

  private RealFolder(Path path, SecureDirectoryStream<Path> root, Object id) throws IOException {
    this.path = path;
    this.root = root;
    this.id = id;
    for (String left : names(root)) {
      if (TemporaryNames.is(left)) {
        clear(Path.of(left));
      }
    }
    this.folds = probe();
  }

  private void clear(Path left) throws IOException {
    if (attributes(root, left.toString()).isDirectory()) {
      root.deleteDirectory(left);
    } else {
      root.deleteFile(left);
    }
  }

  @SuppressWarnings("StreamResourceLeak") // it stays open as long as the folder
  static RealFolder open(Path path, boolean create) throws IOException {
    Path parent = path.getParent();
    if (parent == null || !path.isAbsolute()) {
      throw new IOException(path + " is not a directory below another one");
    }
    if (!parent.toRealPath().equals(parent)) {
      throw new IOException("there is a symbolic link on the way to " + path);
    }
    if (create && !Files.exists(path, NO_LINKS)) {
      Files.createDirectory(path);
    }
    BasicFileAttributes before = Files.readAttributes(path, BasicFileAttributes.class, NO_LINKS);
    if (!before.isDirectory()) {
      throw new NotDirectoryException(path + (before.isSymbolicLink() ? " is a symbolic link" : " is not a directory"));
    }
    DirectoryStream<Path> stream = Files.newDirectoryStream(path);
    try {
      if (!(stream instanceof SecureDirectoryStream<Path> secure)) {
        throw new IOException("this system cannot open files relative to a directory");
      }
      Object id = required(secure, path.toString()).fileKey();
      if (!before.fileKey().equals(id)) {
        throw new IOException(path + " was replaced while it was opened");
      }
      return new RealFolder(path, secure, id);
    } catch (IOException | RuntimeException e) {
      stream.close();
      throw e;
    }
  }

  /** The attributes of an open directory that is ours alone to write. */
  private static PosixFileAttributes required(SecureDirectoryStream<Path> directory, String name) throws IOException {
    PosixFileAttributes attributes = directory.getFileAttributeView(PosixFileAttributeView.class).readAttributes();
    Set<PosixFilePermission> permissions = attributes.permissions();
    if (permissions.contains(PosixFilePermission.GROUP_WRITE) || permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
      throw new IOException(name + " can be written by others: run chmod go-w on it");
    }
    return attributes;
  }

  /** Who creates a file is its owner: so we learn who we are. Says whether the case of letters counts. */
  private boolean probe() throws IOException {
    Path name = Path.of(TemporaryNames.of(temporary.incrementAndGet()));
    root.newByteChannel(name, Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)).close();
    try {
      UserPrincipal us = root.getFileAttributeView(name, PosixFileAttributeView.class, NO_LINKS).getOwner();
      UserPrincipal owner = root.getFileAttributeView(PosixFileAttributeView.class).getOwner();
      if (!owner.equals(us)) {
        throw new IOException(path + " belongs to user " + owner.getName() + ", the gateway runs as " + us.getName());
      }
      return attributes(root, name.toString().toUpperCase(Locale.ROOT)) != null;
    } finally {
      root.deleteFile(name);
    }
  }

  /** Something to do in the directory that holds a name. */
  private interface Step<T> {
    T in(SecureDirectoryStream<Path> directory, String name) throws IOException;
  }

  private <T> T at(String relative, boolean create, Step<T> step) throws IOException {
    try {
      return at(root, relative, 0, create, step);
    } catch (ClosedDirectoryStreamException e) {
      throw new IOException(path + " was closed", e);
    }
  }

  private <T> T at(SecureDirectoryStream<Path> directory, String relative, int from, boolean create, Step<T> step) throws IOException {
    int slash = relative.indexOf('/', from);
    if (slash < 0) {
      return step.in(directory, relative.substring(from));
    }
    try (SecureDirectoryStream<Path> next = enter(directory, relative.substring(from, slash), relative.substring(0, slash), create)) {
      return at(next, relative, slash + 1, create, step);
    }
  }

  private SecureDirectoryStream<Path> enter(SecureDirectoryStream<Path> directory, String name, String way, boolean create) throws IOException {
    Path step = Path.of(name);
    SecureDirectoryStream<Path> opened;
    try {
      opened = directory.newDirectoryStream(step, NO_LINKS);
    } catch (NoSuchFileException e) {
      if (!create) {
        throw e;
      }
      make(way);
      opened = directory.newDirectoryStream(step, NO_LINKS);
    }
    try {
      required(opened, path.resolve(way).toString());
      return opened;
    } catch (IOException | RuntimeException e) {
      opened.close();
      throw e;
    }
  }

  /** Java cannot make a directory relative to an open one: it is made beside the temporary files, and renamed like them. */
  private void make(String way) throws IOException {
    Path made = Path.of(TemporaryNames.of(temporary.incrementAndGet()));
    Path whole = path.resolve(made);
    if (!isThere()) {
      throw new IOException(path + " is not the directory any more that was mounted");
    }
    Files.createDirectory(whole);
    try {
      at(way, false, (directory, name) -> {
        root.move(made, directory, Path.of(name));
        return null;
      });
    } catch (IOException e) {
      root.deleteDirectory(made);
      throw e;
    }
  }

  private static PosixFileAttributes attributes(SecureDirectoryStream<Path> directory, String name) throws IOException {
    try {
      return directory.getFileAttributeView(Path.of(name), PosixFileAttributeView.class, NO_LINKS).readAttributes();
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  private static Seen seen(PosixFileAttributes attributes) {
    if (attributes == null) {
      return null;
    }
    long modified = attributes.lastModifiedTime().to(TimeUnit.NANOSECONDS);
    Kind kind = attributes.isRegularFile() ? Kind.FILE : attributes.isDirectory() ? Kind.DIRECTORY : Kind.OTHER;
    return new Seen(kind, attributes.fileKey(), attributes.size(), modified, attributes.permissions());
  }

  @Override
  public Seen look(String relative) throws IOException {
    try {
      return at(relative, false, (directory, name) -> seen(attributes(directory, name)));
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  @Override
  public byte[] read(String relative, long limit) throws IOException {
    return at(relative, false, (directory, name) -> {
      try (SeekableByteChannel channel = directory.newByteChannel(Path.of(name), Set.of(StandardOpenOption.READ, NO_LINKS))) {
        long size = channel.size();
        if (size > limit) {
          throw new IOException(relative + " has " + size + " bytes, the limit is " + limit);
        }
        ByteBuffer bytes = ByteBuffer.allocate((int) size);
        int got = 0;
        while (got >= 0 && bytes.hasRemaining()) {
          got = channel.read(bytes);
        }
        return bytes.position() == size ? bytes.array() : Arrays.copyOf(bytes.array(), bytes.position());
      }
    });
  }

  @Override
  public Staged stage(byte[] content) throws IOException {
    Path name = Path.of(TemporaryNames.of(temporary.incrementAndGet()));
    try {
      try (SeekableByteChannel channel = root.newByteChannel(name, Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW, NO_LINKS))) {
        ByteBuffer bytes = ByteBuffer.wrap(content);
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
      }
      PosixFileAttributeView view = root.getFileAttributeView(name, PosixFileAttributeView.class, NO_LINKS);
      // The kernel's own times are as coarse as its clock ticks: an edit in the same tick would not be seen.
      view.setTimes(FileTime.from(Instant.now()), null, null);
      return new Staged(name.toString(), seen(view.readAttributes()));
    } catch (IOException | RuntimeException e) {
      discard(new Staged(name.toString(), null));
      throw e;
    }
  }

  @Override
  public Seen install(Staged staged, String relative, Seen replaced) throws IOException {
    Path from = Path.of(staged.name());
    Seen seen = staged.seen();
    if (replaced != null && replaced.kind() == Kind.FILE && !replaced.mode().equals(seen.mode())) {
      PosixFileAttributeView view = root.getFileAttributeView(from, PosixFileAttributeView.class, NO_LINKS);
      view.setPermissions(permissions(replaced));
      seen = seen(view.readAttributes());
    }
    boolean replaces = replaced != null && replaced.kind() == Kind.FILE;
    at(relative, true, (directory, name) -> {
      SeekableByteChannel old = replaces ? LateClosing.hold(directory, Path.of(name)) : null;
      try {
        root.move(from, directory, Path.of(name));
      } finally {
        LateClosing.close(old);
      }
      return null;
    });
    return seen;
  }

  private static Set<PosixFilePermission> permissions(Seen seen) {
    Set<PosixFilePermission> permissions = EnumSet.noneOf(PosixFilePermission.class);
    ((Set<?>) seen.mode()).forEach(each -> permissions.add((PosixFilePermission) each));
    return permissions;
  }

  @Override
  public void discard(Staged staged) {
    try {
      root.deleteFile(Path.of(staged.name()));
    } catch (IOException e) {
      // it is gone, or will be removed when the directory is opened the next time
    }
  }

  @Override
  public void remove(String relative) throws IOException {
    try {
      at(relative, false, (directory, name) -> {
        directory.deleteFile(Path.of(name));
        return null;
      });
      for (int slash = relative.lastIndexOf('/'); slash > 0; slash = relative.lastIndexOf('/', slash - 1)) {
        at(relative.substring(0, slash), false, (directory, name) -> {
          directory.deleteDirectory(Path.of(name));
          return null;
        });
      }
    } catch (NoSuchFileException | DirectoryNotEmptyException e) {
      return; // nothing is left to remove
    }
  }

  @Override
  public void force(Collection<String> paths) throws IOException {
    Set<String> directories = new TreeSet<>();
    directories.add("");
    for (String each : paths) {
      try {
        at(each, false, (directory, name) -> force(directory, Path.of(name)));
      } catch (NoSuchFileException e) {
        // removed: that is what its directory says
      }
      for (int slash = each.lastIndexOf('/'); slash > 0; slash = each.lastIndexOf('/', slash - 1)) {
        directories.add(each.substring(0, slash));
      }
    }
    for (String each : directories) {
      try {
        at(each.isEmpty() ? "." : each + "/.", false, (directory, name) -> force(directory, HERE));
      } catch (NoSuchFileException e) {
        // removed with its last file: that is what the directory above it says
      }
    }
  }

  private static Void force(SecureDirectoryStream<Path> directory, Path name) throws IOException {
    try (SeekableByteChannel channel = directory.newByteChannel(name, Set.of(StandardOpenOption.READ, NO_LINKS))) {
      ((FileChannel) channel).force(true);
      return null;
    }
  }

  @Override
  public List<String> files(int limit) throws IOException {
    List<String> found = new ArrayList<>();
    try (SecureDirectoryStream<Path> again = root.newDirectoryStream(HERE, NO_LINKS)) {
      list(again, "", limit, found);
    }
    return found;
  }

  private void list(SecureDirectoryStream<Path> directory, String way, int limit, List<String> found) throws IOException {
    for (String name : names(directory)) {
      if (name.startsWith(".")) {
        continue;
      }
      BasicFileAttributes attributes = attributes(directory, name);
      if (attributes != null && attributes.isDirectory()) {
        try (SecureDirectoryStream<Path> next = enter(directory, name, way + name, false)) {
          list(next, way + name + "/", limit, found);
        }
      } else if (attributes != null && attributes.isRegularFile()) {
        found.add(way + name);
      }
      if (found.size() >= limit) {
        return;
      }
    }
  }

  private static List<String> names(SecureDirectoryStream<Path> directory) {
    List<String> names = new ArrayList<>();
    for (Path each : directory) {
      names.add(each.getFileName().toString());
    }
    return names;
  }

  @Override
  public boolean foldsCase() {
    return folds;
  }

  @Override
  public boolean isThere() {
    try {
      return Files.readAttributes(path, BasicFileAttributes.class, NO_LINKS).fileKey().equals(id);
    } catch (IOException e) {
      return false;
    }
  }

  @Override
  public void close() {
    try {
      root.close();
    } catch (IOException e) {
      return; // it was only read from
    }
  }
}
