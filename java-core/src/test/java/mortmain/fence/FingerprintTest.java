package mortmain.fence;

import static java.nio.charset.StandardCharsets.UTF_8;
import static mortmain.fence.FakeView.K;
import static mortmain.fence.FakeView.OTHER;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import mortmain.model.Call;
import mortmain.model.Commit;
import mortmain.model.Guard;
import mortmain.model.Item;
import mortmain.model.Key;
import mortmain.model.Ticket;
import mortmain.model.Value;
import mortmain.model.Write;
import org.junit.jupiter.api.Test;

/** One id for two contents. The numbers are in journals: another number for the same content would refuse the resend of a commit. */
class FingerprintTest {
  private static final Map<String, String> META = Map.of("run", "7", "by", "hand");

  private static final List<String> GUARDS = List.of(
      "64b9cb47c7d99f92", "f101f1038bb13a30", "90871d0fd0a28bd1", "96d24844b0deaf04", "413e8b39f053c195", "b355083a8754f103",
      "8cfa17dee6e11cc", "67c8b2d6636aa695", "74984122fa63f72f", "6db553de8078eec", "28ef9ea04d8c1ee2", "f2255a270e17c172",
      "a707ab836a521031", "6d397d0508d267f2", "81a6d4dd23bea343", "4ce539176b21e58", "e835a95162283c5f", "de90b9018d54a729",
      "59b3b9c3b42bee3c", "92e5c2665be98502", "4ae34a372d22bf86");

  private static final List<String> WRITES = List.of(
      "e5f0e34a90262285", "46496711b81843d9", "f6a010be092f733f", "cfd2b554d4aa5546", "d332e4c373b52940", "c0621737eabc78fa",
      "d378ef64af6600f1", "a8c394d29d516fbc", "bb610ca5844a5efd", "f1f1b8eaa7e69d72", "2bf0fedb19e6ddc5", "efbaa8352f0ae055",
      "e85eb4c39e6ba1b7", "8110cba132cd20b7", "92403855abc4710d", "967798305553c8a3", "8fd894196cdef466", "24899b8259e8a022",
      "142e38c426841202");

  private static final List<String> TAGS = List.of(
      "82a2a958a9bece5b", "6e673288764ad2d0", "6d4f6fbef87bb110", "4451ff4d6cbe1f3c", "d496e8b7a31c2b2e");

  private static final String WHOLE = "5b7ce8c82d8a7a6";

  private static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }

  private static Value json(String text) {
    return Value.json(bytes(text));
  }

  private static Commit commit(String writer, Map<String, String> meta, List<Guard> guards, List<Write> writes) {
    return new Commit(Call.of("id"), writer, meta, guards, writes, null, 0, true, 0);
  }

  private static long of(Guard guard) {
    return Fingerprint.of(commit("w", Map.of(), List.of(guard), List.of()));
  }

  private static long of(Write write) {
    return Fingerprint.of(commit("w", Map.of(), List.of(), List.of(write)));
  }

  private static List<Long> guards() {
    return List.of(
        of(new Guard.VersionIs(K, 6, 66)), of(new Guard.VersionIs(OTHER, 6, 66)), of(new Guard.VersionIs(K, 7, 66)),
        of(new Guard.VersionIs(K, 6, 67)), of(new Guard.EpochIs(K, 6)), of(new Guard.EpochIs(K, 7)), of(new Guard.Absent(K)),
        of(new Guard.Holds(K, "a")), of(new Guard.Holds(K, "b")),
        of(new Guard.Follows(K, new Ticket("t", 1, 2, 3))), of(new Guard.Follows(K, new Ticket("u", 1, 2, 3))),
        of(new Guard.Follows(K, new Ticket("t", 9, 2, 3))), of(new Guard.Follows(K, new Ticket("t", 1, 9, 3))),
        of(new Guard.Follows(K, new Ticket("t", 1, 2, 9))),
        of(new Guard.FieldsAre(K, 1, 2, json("{}"))), of(new Guard.FieldsAre(K, 9, 2, json("{}"))),
        of(new Guard.FieldsAre(K, 1, 9, json("{}"))), of(new Guard.FieldsAre(K, 1, 2, json("[]"))),
        of(new Guard.UnchangedSince("p/", 5)), of(new Guard.UnchangedSince("q/", 5)), of(new Guard.UnchangedSince("p/", 6)));
  }

  private static List<Long> writes() {
    Item item = new Item(bytes("1"), null);
    return List.of(
        of(new Write.Put(K, json("1"), false)), of(new Write.Put(OTHER, json("1"), false)), of(new Write.Put(K, json("2"), false)),
        of(new Write.Put(K, new Value("text/plain", bytes("1")), false)), of(new Write.Ensure(K, json("1"))), of(new Write.Ensure(K, json("2"))),
        of(new Write.Delete(K, false)), of(new Write.DeletePrefix("p/")), of(new Write.DeletePrefix("q/")),
        of(new Write.Append(K, List.of(item))), of(new Write.Append(K, List.of(item, item))),
        of(new Write.Append(K, List.of(new Item(bytes("1"), "id")))), of(new Write.Append(K, List.of(new Item(bytes("2"), null)))),
        of(new Write.Increment(K, "1")), of(new Write.Increment(K, "2")), of(new Write.AddToSet(K, item)),
        of(new Write.AddToSet(K, new Item(bytes("2"), null))), of(new Write.Merge(K, json("{}"))), of(new Write.Merge(K, json("{\"a\":1}"))));
  }

  @Test
  void everyPartOfTheContentTellsTwoCommitsApart() {
    Set<Long> seen = new HashSet<>(guards());
    seen.addAll(writes());
    seen.add(Fingerprint.of(commit("other", Map.of(), List.of(), List.of())));
    seen.add(Fingerprint.of(commit("w", Map.of("run", "7"), List.of(), List.of())));
    seen.add(Fingerprint.of(commit("w", Map.of("run", "8"), List.of(), List.of())));
    seen.add(Fingerprint.of(commit("w", META, List.of(), List.of())));
    assertEquals(guards().size() + writes().size() + 4, seen.size());
    assertTrue(seen.stream().noneMatch(value -> value == 0));
  }

  @Test
  void whatIsNotContentDoesNotCount() {
    Write write = new Write.Put(K, json("1"), false);
    Commit again = new Commit(new Call("other id", 3, 9, 5), "w", Map.of(), List.of(), List.of(write), "store", 7, false, 8);
    assertEquals(of(write), Fingerprint.of(again));
  }

  @Test
  void theNumbersAreThoseOfJournalsThatExist() {
    assertEquals(GUARDS, guards().stream().map(Long::toHexString).toList());
    assertEquals(WRITES, writes().stream().map(Long::toHexString).toList());
    assertEquals(WHOLE, Long.toHexString(Fingerprint.of(commit("w", META, List.of(new Guard.Absent(K)), List.of(new Write.Delete(Key.of("p/x"), true))))));
  }

  @Test
  void tagsAreThoseOfJournalsThatExistAndTwoIdsAreNotOne() {
    assertEquals(TAGS, List.of("a", "b", "request", "0190aa00-0000-7000-8000-000000000000", "ä").stream().map(Fingerprint::tag).map(Long::toHexString).toList());
    assertNotEquals(0, Fingerprint.tag(""));
  }
}
