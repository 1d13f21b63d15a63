package mortmain.journal;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * The file BACKUP, written last: without it a directory is no whole backup. It names the end of what was copied, so that a copy that lost its
 * end is told from one that has it, and the CRC of the MANIFEST that it belongs to. Immutable.
 *
 * @param segment and offset: where the last frame ends
 * @param crc of the last frame
 */
record BackupSeal(String store, long revision, long takenAt, int segment, long offset, int crc, int manifestCrc) {
  private static final String HEAD = "mortmain backup 1";

  String text() {
    String lines =
        "%s\nstore %s\nrevision %d\ntaken %d\nend %s %d %08x\nmanifest %08x\n"
            .formatted(HEAD, store, revision, takenAt, Home.name(segment), offset, crc, manifestCrc);
    return lines + "crc32c %08x\n".formatted(crcOf(lines));
  }

  static BackupSeal parse(String text) throws IOException {
    int lastLine = text.lastIndexOf('\n', text.length() - 2) + 1;
    String lines = text.substring(0, lastLine);
    if (!text.substring(lastLine).equals("crc32c %08x\n".formatted(crcOf(lines)))) {
      throw damaged("its CRC does not match");
    }
    List<String> words = new ArrayList<>();
    lines.lines().skip(1).forEach(line -> words.addAll(List.of(line.split(" ", -1))));
    if (!lines.startsWith(HEAD + "\n") || words.size() != 12) {
      throw damaged("it was written by a newer version");
    }
    return new BackupSeal(words.get(1), Long.parseLong(words.get(3)), Long.parseLong(words.get(5)), Home.number(words.get(7)),
        Long.parseLong(words.get(8)), Integer.parseUnsignedInt(words.get(9), 16), Integer.parseUnsignedInt(words.get(11), 16));
  }

  static int crcOf(String text) {
    CRC32C crc = new CRC32C();
    crc.update(text.getBytes(StandardCharsets.UTF_8));
    return (int) crc.getValue();
  }

  private static JournalDamaged damaged(String reason) {
    return new JournalDamaged(Home.BACKUP, 0, 1, JournalDamaged.UNKNOWN, reason);
  }
}
