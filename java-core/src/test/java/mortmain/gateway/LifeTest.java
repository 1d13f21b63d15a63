package mortmain.gateway;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;
import mortmain.Store;
import mortmain.StoreOptions;
import mortmain.gateway.frame.Op;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Starts and ends of the real process. */
final class LifeTest {
  private static final byte[] PING = Ask.of(Op.PING, "{}").frame();

  @TempDir private Path scratch;

  private Path state() throws IOException {
    return Files.createDirectories(scratch.resolve("state"));
  }

  private Child gateway(String... more) throws IOException {
    String[] arguments = new String[3 + more.length];
    arguments[0] = "gateway";
    arguments[1] = "--dir";
    arguments[2] = state().toString();
    System.arraycopy(more, 0, arguments, 3, more.length);
    return new Child(state(), scratch.resolve("output" + System.nanoTime()), arguments);
  }

  private JsonNode failure() throws IOException {
    return new ObjectMapper().readTree(state().resolve("run/failure.json").toFile());
  }

  private static Answer ping(Peer peer) throws IOException {
    return peer.call(PING);
  }

  @Test
  void secondGatewayExits75AndLeavesTheFirstAlone() throws Exception {
    try (Child first = gateway().serving(state())) {
      byte[] before = Files.readAllBytes(state().resolve("run/gateway.json"));
      try (Child second = gateway()) {
        assertEquals(75, second.exitCode(), second::toString);
      }
      assertArrayEquals(before, Files.readAllBytes(state().resolve("run/gateway.json")));
      assertFalse(Files.exists(state().resolve("run/failure.json")), "being second is no failure");
      try (Peer peer = Running.connect(state()).upgrade()) {
        assertEquals(0, ping(peer).status());
      }
      assertTrue(first.process().isAlive());
    }
  }

  @Test
  void terminationEndsWithZeroAndKeepsWhatWasAcknowledged() throws Exception {
    try (Child child = gateway().serving(state());
        Peer peer = Running.connect(state()).upgrade()) {
      String fields = "{\"writer\":\"w\",\"guards\":[[\"absent\",\"a\"]],\"writes\":[[\"put\",\"a\",\"application/json\",1,false]]}";
      assertEquals(0, peer.call(Ask.of(Op.COMMIT, fields).id("x").with("7").frame()).status());
      long start = System.nanoTime();
      child.process().destroy(); // SIGTERM
      assertEquals(0, child.exitCode());
      assertTrue(System.nanoTime() - start < TimeUnit.SECONDS.toNanos(5));
      assertFalse(Files.exists(state().resolve("run/gateway.json")));
      assertFalse(Files.exists(state().resolve("run/gateway.sock")));
    }
    try (Store store = Store.open(state(), StoreOptions.DEFAULT)) {
      assertEquals(1, store.scan("", null, 10, mortmain.model.ReadOptions.NEWEST).snapshots().size());
    }
  }

  @Test
  void terminationDoesNotWaitForAClaimQueue() throws Exception {
    try (Child child = gateway().serving(state());
        Peer holder = Running.connect(state()).upgrade();
        Peer waiter = Running.connect(state()).upgrade()) {
      String claim = "{\"key\":\"a\",\"claim_id\":\"%s\",\"ttl\":600,\"wait\":600,\"holder\":\"h\"}";
      assertEquals(0, holder.call(Ask.of(Op.CLAIM, claim.replace("%s", "1".repeat(32))).frame()).status());
      waiter.sendFrame(Ask.of(Op.CLAIM, claim.replace("%s", "2".repeat(32))).frame());
      ping(holder);
      child.process().destroy();
      assertEquals(0, child.exitCode());
    }
  }

  @Test
  void killedGatewayIsReplaced() throws Exception {
    try (Child killed = gateway().serving(state())) {
      killed.process().destroyForcibly();
      killed.exitCode();
    }
    assertTrue(Files.exists(state().resolve("run/gateway.json")), "a stale file stays");
    String stale = Running.discovery(state()).get("instance").asText();
    try (Child next = gateway()) {
      while (Running.discovery(state()).get("instance").asText().equals(stale)) {
        assertTrue(next.process().isAlive(), next.said());
        Thread.onSpinWait();
      }
      try (Peer peer = Running.connect(state()).upgrade()) {
        assertEquals(0, ping(peer).status());
      }
    }
  }

  @Test
  void discoveryIsPrivateAndComplete() throws Exception {
    try (Child child = gateway("--transport", "tcp").serving(state())) {
      assertTrue(child.process().isAlive());
      Path run = state().resolve("run");
      assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(run)));
      assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(run.resolve("gateway.json"))));
      JsonNode told = Running.discovery(state());
      assertEquals(child.process().pid(), told.get("pid").asLong());
      assertEquals("127.0.0.1", told.get("address").asText());
      assertEquals(64, told.get("token").asText().length());
      assertTrue(told.get("socket").isNull());
      try (Peer peer = Running.connect(state()).prove(told.get("token").asText(), told.get("instance").asText()).upgrade()) {
        assertEquals(0, ping(peer).status());
      }
    }
  }

  @Test
  void runDirectoryThatOthersReachIsRefused() throws Exception {
    Files.createDirectory(state().resolve("run"));
    Files.setPosixFilePermissions(state().resolve("run"), PosixFilePermissions.fromString("rwxrwx---"));
    try (Child child = gateway()) {
      assertEquals(1, child.exitCode());
      assertTrue(child.said().contains("chmod 700"), child.said());
      assertFalse(Files.exists(state().resolve("run/gateway.json")));
      assertFalse(Files.exists(state().resolve("run/failure.json")), "nothing is written where others could have put a link");
    }
  }

  @Test
  void runDirectoryThatIsALinkIsRefused() throws Exception {
    Path elsewhere = Files.createDirectory(scratch.resolve("elsewhere"), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Files.createSymbolicLink(state().resolve("run"), elsewhere);
    try (Child child = gateway()) {
      assertEquals(1, child.exitCode());
      assertTrue(child.said().contains("is not a directory"), child.said());
    }
  }

  @Test
  void noCreateOnAnEmptyDirectoryFailsTyped() throws Exception {
    try (Child child = gateway("--no-create")) {
      assertEquals(1, child.exitCode());
      assertTrue(failure().get("code").asText().length() > 3, () -> "failure.json");
      assertTrue(failure().get("at").asLong() > 0);
    }
  }

  @Test
  void damagedJournalFailsTypedAndAGoodStartForgetsIt() throws Exception {
    try (Store store = Store.open(state(), StoreOptions.DEFAULT)) {
      assertTrue(store.durableRevision() > 0);
    }
    Path manifest = state().resolve("MANIFEST");
    byte[] good = Files.readAllBytes(manifest);
    byte[] bad = good.clone();
    bad[bad.length / 2] ^= 1;
    Files.write(manifest, bad);
    try (Child child = gateway()) {
      assertEquals(1, child.exitCode(), child.said());
      assertEquals("CORRUPT", failure().get("code").asText());
      assertEquals("MANIFEST", failure().get("file").asText());
    }
    Files.write(manifest, good);
    try (Child child = gateway().serving(state())) {
      assertTrue(child.process().isAlive());
      assertFalse(Files.exists(state().resolve("run/failure.json")));
    }
  }

  @Test
  void idleGatewayLeavesByItself() throws Exception {
    try (Child child = gateway("--idle", "1").serving(state())) {
      assertEquals(0, child.exitCode());
      assertFalse(Files.exists(state().resolve("run/gateway.json")));
    }
  }

  @Test
  void liveClaimKeepsAnIdleGateway() throws Exception {
    try (Child child = gateway("--idle", "1").serving(state())) {
      long start = System.nanoTime();
      try (Peer peer = Running.connect(state()).upgrade()) {
        String claim = "{\"key\":\"a\",\"claim_id\":\"" + "1".repeat(32) + "\",\"ttl\":2,\"holder\":\"h\"}";
        assertEquals(0, peer.call(Ask.of(Op.CLAIM, claim).frame()).status());
      }
      assertEquals(0, child.exitCode());
      assertTrue(System.nanoTime() - start > TimeUnit.SECONDS.toNanos(2), "it left although a claim was live");
    }
  }

  @Test
  void gatewayThatCannotBeFoundLeaves() throws Exception {
    try (Child child = gateway("--foreground").serving(state())) {
      Files.delete(state().resolve("run/gateway.json"));
      assertEquals(0, child.exitCode());
    }
  }

  /** Else those who are connected would keep it alive, and nobody else could connect or start another one. */
  @Test
  void gatewayWhoseSocketIsGoneLeavesAlsoWithClients() throws Exception {
    try (Child child = gateway("--foreground").serving(state());
        Peer peer = Running.connect(state()).upgrade()) {
      assertEquals(0, peer.call(Ask.of(Op.PING, "{}").frame()).status());
      Files.delete(state().resolve("run/gateway.sock"));
      assertEquals(0, child.exitCode());
    }
  }

  @Test
  void gatewayWhoseLockFileWasReplacedEndsWithoutAcknowledging() throws Exception {
    try (Child child = gateway().serving(state());
        Peer peer = Running.connect(state()).upgrade()) {
      Files.delete(state().resolve("LOCK"));
      Files.createFile(state().resolve("LOCK"));
      long start = System.nanoTime();
      String fields = "{\"writer\":\"w\",\"writes\":[[\"append\",\"a\",[1],null]]}";
      Answer answer = peer.call(Ask.of(Op.COMMIT, fields).id("x").with("7").frame());
      assertEquals("UNAVAILABLE", answer.code(), () -> answer.fields().toString());
      assertEquals(74, child.exitCode());
      assertTrue(System.nanoTime() - start < TimeUnit.SECONDS.toNanos(3));
      assertTrue(failure().get("message").asText().length() > 5);
      assertFalse(Files.exists(state().resolve("run/gateway.json")));
    }
  }

  @Test
  void longPathIsBoundRelativeToTheWorkingDirectory() throws Exception {
    Path deep = Files.createDirectories(scratch.resolve("d".repeat(120)));
    try (Child child = new Child(deep, scratch.resolve("output"), "gateway", "--dir", deep.toString()).serving(deep)) {
      assertTrue(child.process().isAlive());
      assertEquals("unix", Running.discovery(deep).get("transport").asText());
      assertTrue(Files.exists(deep.resolve("run/gateway.sock")));
    }
  }

  @Test
  void longPathFromElsewhereIsServedOverTcp() throws Exception {
    Path deep = Files.createDirectories(scratch.resolve("d".repeat(120)));
    try (Child child = new Child(Path.of("/"), scratch.resolve("output"), "gateway", "--dir", deep.toString()).serving(deep)) {
      assertEquals("tcp", Running.discovery(deep).get("transport").asText());
      assertTrue(child.said().contains("too long"), child.said());
    }
  }

  @Test
  void wrongUsageExitsTwo() throws Exception {
    for (String[] line : new String[][] {{}, {"fly"}, {"gateway"}, {"gateway", "--dir"}, {"gateway", "--dir", "x", "--idle", "soon"}}) {
      try (Child child = new Child(scratch, scratch.resolve("output"), line)) {
        assertEquals(2, child.exitCode());
        assertTrue(child.said().contains("usage:"), child.said());
      }
    }
  }

  @Test
  void verifyPrintsWhatItFound() throws Exception {
    try (Store store = Store.open(state(), StoreOptions.DEFAULT)) {
      assertTrue(store.durableRevision() > 0);
    }
    try (Child child = new Child(scratch, scratch.resolve("output"), "verify", "--dir", state().toString(), "--json")) {
      assertEquals(0, child.exitCode(), child.said());
      List<String> lines = child.said().lines().toList();
      assertTrue(new ObjectMapper().readTree(lines.get(lines.size() - 1)).get("ok").asBoolean());
      JsonNode whole = new ObjectMapper().readTree(lines.get(lines.size() - 2));
      assertEquals(whole.get("total").asLong(), whole.get("copied").asLong());
    }
  }

  @Test
  void verifyOfADamagedDirectoryPrintsTheError() throws Exception {
    try (Store store = Store.open(state(), StoreOptions.DEFAULT)) {
      assertTrue(store.durableRevision() > 0);
    }
    byte[] bad = Files.readAllBytes(state().resolve("MANIFEST"));
    bad[bad.length / 2] ^= 1;
    Files.write(state().resolve("MANIFEST"), bad);
    try (Child child = new Child(scratch, scratch.resolve("output"), "verify", "--dir", state().toString())) {
      assertEquals(1, child.exitCode(), child.said());
      assertEquals("CORRUPT", new ObjectMapper().readTree(child.said()).get("code").asText());
    }
  }

  @Test
  void versionIsTheProjects() throws Exception {
    String pom = Files.readString(Path.of("pom.xml"));
    assertTrue(pom.contains("<version>" + Gateway.VERSION + "</version>"), "the version in Gateway is not that of pom.xml");
  }
}
