package mortmain.disk;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import mortmain.disk.Folder.Kind;
import mortmain.disk.Folder.Seen;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A directory of a person who plants links, moves things and leaves the door open. */
class RealFolderTest {
  @TempDir Path temporary;
  private Path home;
  private Path place;

  @BeforeEach
  void make() throws IOException {
    home = temporary.toRealPath();
    place = Files.createDirectory(home.resolve("place"));
  }

  private Folder open() throws IOException {
    return new RealDisk().folder(place, false);
  }

  private static Seen put(Folder folder, String path, String text) throws IOException {
    return folder.install(folder.stage(text.getBytes(UTF_8)), path, folder.look(path));
  }

  private static void mode(Path path, String mode) throws IOException {
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
  }

  @Test
  void aFileLooksAsItWasInstalledUntilItIsTouched() throws IOException {
    try (Folder folder = open()) {
      Seen seen = put(folder, "a/b/c", "text");
      assertEquals(seen, folder.look("a/b/c"));
      assertEquals("text", Files.readString(place.resolve("a/b/c")));
      Files.writeString(place.resolve("a/b/c"), "TEXT"); // the same size, the same inode, the same tick
      assertNotEquals(seen, folder.look("a/b/c"));
      assertArrayEquals("TEXT".getBytes(UTF_8), folder.read("a/b/c", 4));
      assertThrows(IOException.class, () -> folder.read("a/b/c", 3));
      assertEquals(Kind.DIRECTORY, folder.look("a").kind());
      assertNull(folder.look("a/x"));
      assertNull(folder.look("x/y"));
      folder.force(List.of("a/b/c", "gone/x"));
    }
  }

  @Test
  void aReplacedFileKeepsItsPermissions() throws IOException {
    try (Folder folder = open()) {
      put(folder, "run", "one");
      mode(place.resolve("run"), "rwxr-xr-x");
      Seen seen = put(folder, "run", "two");
      assertEquals("rwxr-xr-x", PosixFilePermissions.toString(Files.getPosixFilePermissions(place.resolve("run"))));
      assertEquals(seen, folder.look("run"));
    }
  }

  /** They are let go of in the background, at the pace of the disk. */
  @Test
  void replacedFilesAreNotKeptOpen() throws Exception {
    Folder folder = open();
    for (int i = 0; i < 2_000; i++) {
      put(folder, "k", "version " + i);
    }
    long end = System.nanoTime() + 20_000_000_000L;
    while (openHere() > 0) {
      assertTrue(System.nanoTime() < end, "there are still files open");
      Thread.onSpinWait();
    }
    folder.close();
  }

  private long openHere() throws IOException {
    Path own = Path.of("/proc/self/fd");
    if (!Files.isDirectory(own)) {
      return 0;
    }
    long open = 0;
    try (var fds = Files.list(own)) {
      for (Path fd : fds.toList()) {
        try {
          open += Files.readSymbolicLink(fd).toString().startsWith(place.resolve("k").toString()) ? 1 : 0;
        } catch (NoSuchFileException closed) {
          // between the two looks
        }
      }
    }
    return open;
  }

  @Test
  void aPipeInThePlaceOfAFileThatIsReplacedDoesNotBlock() throws Exception {
    try (Folder folder = open()) {
      Seen before = put(folder, "a", "text");
      Files.delete(place.resolve("a"));
      assertEquals(0, new ProcessBuilder("mkfifo", place.resolve("a").toString()).start().waitFor());
      var after = CompletableFuture.supplyAsync(() -> {
        try {
          return folder.install(folder.stage("new".getBytes(UTF_8)), "a", before);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      });
      try {
        assertEquals(after.get(20, TimeUnit.SECONDS), folder.look("a"));
      } catch (TimeoutException blocked) {
        new RandomAccessFile(place.resolve("a").toFile(), "rw").close(); // lets it go on
        fail("it was opened, and nobody writes into it");
      }
      assertEquals("new", Files.readString(place.resolve("a")));
    }
  }

  @Test
  void noLinkIsFollowed() throws IOException {
    Path outside = Files.createDirectory(home.resolve("outside"));
    Files.writeString(outside.resolve("target"), "precious");
    Files.createSymbolicLink(place.resolve("way"), outside);
    Files.createSymbolicLink(place.resolve("end"), outside.resolve("target"));
    try (Folder folder = open()) {
      for (String path : List.of("way/new", "way/target")) {
        assertThrows(IOException.class, () -> put(folder, path, "x"));
        assertThrows(IOException.class, () -> folder.read(path, 100));
        assertThrows(IOException.class, () -> folder.remove(path));
        assertThrows(IOException.class, () -> folder.force(List.of(path)));
      }
      assertEquals(Kind.OTHER, folder.look("end").kind());
      assertThrows(IOException.class, () -> folder.read("end", 100));
      assertEquals(List.of(), folder.files(10));
      put(folder, "end", "mine"); // takes the place of the link, not of what it leads to
      assertEquals("mine", Files.readString(place.resolve("end")));
    }
    assertEquals("precious", Files.readString(outside.resolve("target")));
    assertEquals(1, outside.toFile().list().length);
  }

  @Test
  void directoriesThatAreNotOneUsersAloneAreRefused() throws IOException {
    for (String mode : List.of("rwxrwxr-x", "rwxr-xrwx")) {
      mode(place, mode);
      assertTrue(assertThrows(IOException.class, this::open).getMessage().contains("chmod go-w"));
    }
    mode(place, "rwx------");
    Files.createDirectory(place.resolve("below"));
    mode(place.resolve("below"), "rwxrwxrwx");
    try (Folder folder = open()) {
      assertThrows(IOException.class, () -> put(folder, "below/x", "x"));
    }
    assertEquals(0, place.resolve("below").toFile().list().length);
  }

  @Test
  void linksToItAndOnTheWayToItAreRefused() throws IOException {
    Path link = Files.createSymbolicLink(home.resolve("link"), place);
    assertThrows(IOException.class, () -> new RealDisk().folder(link, false));
    Files.createDirectory(place.resolve("inner"));
    assertThrows(IOException.class, () -> new RealDisk().folder(link.resolve("inner"), false));
    Files.writeString(home.resolve("file"), "x");
    assertThrows(IOException.class, () -> new RealDisk().folder(home.resolve("file"), true));
    assertThrows(IOException.class, () -> new RealDisk().folder(home.resolve("missing"), false));
    new RealDisk().folder(home.resolve("missing"), true).close();
    assertTrue(Files.isDirectory(home.resolve("missing")));
  }

  @Test
  void anotherDirectoryUnderItsNameIsNoticed() throws IOException {
    try (Folder folder = open()) {
      assertTrue(folder.isThere());
      Files.move(place, home.resolve("moved"));
      assertFalse(folder.isThere());
      Files.createDirectory(place);
      assertFalse(folder.isThere());
    }
  }

  @Test
  void whatACrashLeftHalfDoneIsRemovedAndNothingElse() throws IOException {
    Files.writeString(place.resolve(".mortmain-1f.tmp"), "half");
    Files.createDirectory(place.resolve(".mortmain-20.tmp"));
    Files.writeString(place.resolve(".mortmain-notes"), "mine");
    Files.writeString(place.resolve("x.tmp"), "mine");
    try (Folder folder = open()) {
      assertEquals(List.of(".mortmain-notes", "x.tmp"), List.copyOf(new TreeSet<>(List.of(place.toFile().list()))));
      folder.discard(folder.stage(new byte[0]));
      assertEquals(2, place.toFile().list().length);
    }
  }

  @Test
  void removingTakesEmptyDirectoriesAlong() throws IOException {
    try (Folder folder = open()) {
      put(folder, "a/b/c", "x");
      put(folder, "a/d", "x");
      folder.remove("a/b/c");
      assertEquals(List.of("a/d"), folder.files(10));
      assertFalse(Files.exists(place.resolve("a/b")));
      folder.remove("a/d");
      assertEquals(0, place.toFile().list().length);
      folder.remove("a/d");
    }
  }

  @Test
  void hiddenFilesAreNotListed() throws IOException {
    Files.createDirectories(place.resolve(".git/objects"));
    Files.writeString(place.resolve(".git/config"), "x");
    Files.writeString(place.resolve("seen"), "x");
    try (Folder folder = open()) {
      assertEquals(List.of("seen"), folder.files(10));
    }
  }
}
