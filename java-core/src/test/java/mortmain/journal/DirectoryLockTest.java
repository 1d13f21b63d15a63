package mortmain.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One owner per directory, and an owner that notices when it is not one any more. */
@Timeout(60)
class DirectoryLockTest {
  @TempDir Path directory;

  /** The second JVM: exits with 0 when it got the lock, 3 when not. */
  public static final class Child {
    private Child() {}

    public static void main(String[] arguments) throws IOException {
      System.exit(DirectoryLock.acquire(Path.of(arguments[0])).isPresent() ? 0 : 3);
    }
  }

  private int child() throws IOException, InterruptedException {
    return new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
        System.getProperty("java.class.path"), Child.class.getName(), directory.toString()).inheritIO().start().waitFor();
  }

  @Test
  void aSecondProcessIsRefusedUntilTheFirstLetsGo() throws Exception {
    DirectoryLock lock = DirectoryLock.acquire(directory).orElseThrow();
    assertEquals(3, child());
    assertTrue(DirectoryLock.acquire(directory).isEmpty());
    assertEquals(3, child(), "a second acquire in this process must not drop its lock");
    assertTrue(lock.stillOurs());
    assertTrue(DirectoryLock.holder(directory).orElseThrow().contains("pid " + ProcessHandle.current().pid()));
    lock.close();
    assertFalse(lock.stillOurs());
    assertEquals(0, child());
    DirectoryLock.acquire(directory).orElseThrow().close();
  }

  @Test
  void aSecondNameOfTheDirectoryIsTheSameDirectory(@TempDir Path elsewhere) throws IOException {
    Path link = Files.createSymbolicLink(elsewhere.resolve("link"), directory);
    try (DirectoryLock lock = DirectoryLock.acquire(directory).orElseThrow()) {
      assertTrue(DirectoryLock.acquire(link).isEmpty());
      assertTrue(lock.stillOurs());
    }
  }

  @Test
  void aDeletedOrReplacedLockFileIsNoticed() throws IOException {
    try (DirectoryLock lock = DirectoryLock.acquire(directory).orElseThrow()) {
      Files.delete(directory.resolve("LOCK"));
      assertFalse(lock.stillOurs());
      Files.createFile(directory.resolve("LOCK"));
      assertFalse(lock.stillOurs());
    }
  }

  @Test
  void anInterruptedThreadGetsTheLockAndKeepsIt() throws IOException {
    Thread.currentThread().interrupt();
    try (DirectoryLock lock = DirectoryLock.acquire(directory).orElseThrow()) {
      assertTrue(Thread.interrupted());
      assertTrue(lock.stillOurs());
    }
  }

  /** Closing any other descriptor of LOCK would drop the lock (POSIX), so no other class may so much as name it. */
  @Test
  void onlyOneClassNamesTheLockFile() throws IOException {
    Path sources = Path.of("src/main/java");
    try (Stream<Path> files = Files.walk(sources)) {
      List<String> naming = files.filter(file -> file.toString().endsWith(".java")).filter(DirectoryLockTest::namesLock)
          .map(file -> file.getFileName().toString()).toList();
      assertEquals(List.of("DirectoryLock.java"), naming);
    }
  }

  private static boolean namesLock(Path source) {
    try {
      return Files.readString(source).contains("\"LOCK\"");
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
