package mortmain.file;

import static mortmain.Request.by;
import static mortmain.Request.claim;
import static mortmain.Request.claimId;
import static mortmain.Request.key;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import mortmain.model.ErrorCode;
import mortmain.model.Guard;
import mortmain.model.Rejection;
import org.junit.jupiter.api.Test;

/** Time that nobody could have renewed in, and clocks that are set back. */
class SuspendedClockTest extends StoreFixture {
  @Test
  void claimsAreCreditedTheTimeThatAMachineSlept() {
    subject.store().claim(claim("k", claimId('a'), 2500, 0));
    clock.advance(3_600_000_000_000L);
    subject.tick();
    assertEquals(1, subject.store().claims("").size());
    second();
    assertEquals(1, subject.store().claims("").size());
    second();
    assertEquals(0, subject.store().claims("").size());
    Rejection fenced = refused(ErrorCode.FENCED, by("a").through("k", claimId('a'), 0).put("k", "1").guard(new Guard.VersionIs(key("k"), 0, 0)));
    assertEquals("expiry", fenced.failures().get(0).details().get("reclaimed_by"));
  }

  @Test
  void committedAtNeverGoesBackAndAJumpAgesNothing() {
    commit(by("a").create("k", "1"));
    long first = read("k").committedAt();
    subject.store().claim(claim("c", claimId('a'), 1000, 0));
    clock.setWallBy(-7200);
    commit(by("a").on(read("k")).put("k", "2"));
    assertTrue(read("k").committedAt() >= first);
    clock.setWallBy(14_400);
    subject.tick();
    assertEquals(1, subject.store().claims("").size());
    subject.restart();
    clock.setWallBy(-14_400);
    long newest = read("k").committedAt();
    commit(by("a").on(read("k")).put("k", "3"));
    assertTrue(read("k").committedAt() >= newest);
  }

  @Test
  void aNearlyFullDiskTakesNothingButLetsClaimsEndAndComesBack() {
    subject.store().claim(claim("k", claimId('a'), 500, 0));
    Housekeeping keeper = new Housekeeping(subject.engine().decisions(), disk, FileSubject.DIRECTORY);
    keeper.watchDisk(() -> Housekeeping.RESERVE - 1);
    assertEquals("READ_ONLY", refused(ErrorCode.READ_ONLY, by("a").increment("n", "1")).code().name());
    refused(ErrorCode.READ_ONLY, () -> subject.store().claim(claim("other", claimId('b'), 500, 0)));
    second();
    assertEquals(0, subject.store().claims("").size());
    subject.restart();
    assertEquals(1, read("k").epoch());
    keeper = new Housekeeping(subject.engine().decisions(), disk, FileSubject.DIRECTORY);
    keeper.watchDisk(() -> Housekeeping.RESERVE - 1);
    keeper.watchDisk(() -> Housekeeping.RESERVE + 1);
    refused(ErrorCode.READ_ONLY, by("a").increment("n", "1"));
    keeper.watchDisk(() -> Housekeeping.RESERVE * 2);
    commit(by("a").increment("n", "1"));
  }
}
