package mortmain.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.zip.CRC32C;
import mortmain.disk.MemoryDisk;

/**
 * Any bytes in the place of one file of a journal: it is refused as damaged, or opens, and then what it replays is replayed again by the
 * next open, with what was appended meanwhile. A target for coverage-guided fuzzing ({@code make fuzz}) and for {@link RecoveryFuzzTest}.
 * The first byte says which file it is, and whether the checksums of frames are made right, so that what lies behind them is reached too.
 */
public final class RecoveryFuzz {
  private static final int WHICH = 3;
  private static final int MENDS = 4;
  private static final String[] FILES = {"journal/00000002.seg", "journal/00000001.seg", "MANIFEST", "FORMAT"};
  private static final MemoryDisk BASE = new MemoryDisk();
  private static final List<Plain> ISSUED = new ArrayList<>();

  static {
    try {
      CrashExplorer explorer = new CrashExplorer();
      Journal journal = explorer.open(BASE, new Replayed());
      for (int i = 0; i < 12; i++) {
        explorer.commit(journal, 30 + 20 * i, 100);
      }
      explorer.append(journal, 10, 600);
      journal.awaitDurable(journal.lastRevision());
      ISSUED.addAll(explorer.issued);
    } catch (IOException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private RecoveryFuzz() {}

  /** What the fuzzer calls. */
  public static void fuzzerTestOneInput(byte[] input) throws IOException {
    opened(input);
  }

  /** The revisions that it replayed; null when it was refused. */
  static Replayed opened(byte[] input) throws IOException {
    if (input.length == 0) {
      return null;
    }
    MemoryDisk disk = BASE.kill();
    Path file = CrashExplorer.ROOT.resolve(FILES[input[0] & WHICH]);
    byte[] content = Arrays.copyOfRange(input, 1, input.length);
    if (file.toString().endsWith(".seg")) {
      content = Arrays.copyOf(content, disk.content(file).length); // a file of another size is refused at once
      if ((input[0] & MENDS) != 0) {
        mend(content, input[0] & WHICH);
      }
    }
    disk.tamper(file, content);
    Replayed first = new Replayed();
    try (Journal journal = new CrashExplorer().open(disk, first)) {
      journal.verify();
      journal.append(List.of(Plain.ofSize(journal.lastRevision() + 1, 50)));
    } catch (JournalDamaged | UnsupportedFormat refused) {
      return null;
    }
    Replayed again = new Replayed();
    new CrashExplorer().open(disk, again).close();
    Set<Long> once = new HashSet<>(again.revisions);
    if (again.revisions.size() != first.revisions.size() + 1 || once.size() < 1 + new HashSet<>(first.revisions).size()
        || !again.revisions.subList(0, first.revisions.size()).equals(first.revisions)) {
      throw new IllegalStateException("first " + first.revisions + ", then " + again.revisions);
    }
    return first;
  }

  /** The file as it was: where mutations begin. */
  static byte[] seed(int which) {
    try {
      byte[] content = BASE.content(CrashExplorer.ROOT.resolve(FILES[which & WHICH]));
      byte[] seed = new byte[content.length + 1];
      seed[0] = (byte) which;
      System.arraycopy(content, 0, seed, 1, content.length);
      return seed;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  static List<Plain> issued() {
    return List.copyOf(ISSUED);
  }

  /** Makes the checksums of the segment's header and of everything that begins like a frame right. */
  private static void mend(byte[] content, int which) {
    ByteBuffer bytes = ByteBuffer.wrap(content);
    CRC32C crc = new CRC32C();
    crc.update(content, 0, Segment.HEADER - 4);
    bytes.putInt(Segment.HEADER - 4, (int) crc.getValue());
    for (int at = Segment.HEADER; at + Frame.ALIGNMENT <= content.length; at += Frame.ALIGNMENT) {
      if (bytes.getInt(at) != Frame.MAGIC) {
        continue;
      }
      byte[] place = ByteBuffer.allocate(20).putLong(bytes.getLong(16)).putInt(which == 0 ? 2 : 1).putLong(at).array();
      long end = at + Frame.length(bytes.getInt(at + 8) & Integer.MAX_VALUE);
      crc.reset();
      crc.update(place);
      crc.update(content, at, Frame.HEADER_CRC);
      bytes.putInt(at + Frame.HEADER_CRC, (int) crc.getValue());
      if (end <= content.length) {
        crc.reset();
        crc.update(place);
        crc.update(content, at, Frame.FRAME_CRC);
        crc.update(content, at + Frame.HEADER, (int) end - at - Frame.HEADER - Frame.TRAILER);
        bytes.putInt(at + Frame.FRAME_CRC, (int) crc.getValue());
      }
    }
  }
}
