package mortmain.journal;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/** The list of live segments, as a small text file with a CRC. Immutable. */
record Manifest(List<Listed> segments) {
  private static final String HEAD = "mortmain manifest 1";

  /** One line of it; the size is in bytes. */
  record Listed(int number, long size) {}

  static Manifest of(List<Segment> segments) {
    return new Manifest(segments.stream().map(segment -> new Listed(segment.number(), segment.size())).toList());
  }

  String text() {
    StringBuilder text = new StringBuilder(HEAD).append('\n');
    for (Listed segment : segments) {
      text.append("segment ").append(Home.name(segment.number)).append(' ').append(segment.size).append('\n');
    }
    return text + "crc32c " + crc(text.toString()) + '\n';
  }

  static Manifest parse(String text) throws IOException {
    int lastLine = text.lastIndexOf('\n', text.length() - 2) + 1;
    String listed = text.substring(0, lastLine);
    if (!text.substring(lastLine).equals("crc32c " + crc(listed) + '\n')) {
      throw damaged("its CRC does not match");
    }
    List<Listed> segments = new ArrayList<>();
    List<String> lines = listed.lines().toList();
    for (String line : lines.subList(1, lines.size())) {
      String[] words = line.split(" ", -1);
      if (words.length != 3 || !words[0].equals("segment") || !Home.isSegment(words[1])) {
        throw damaged("unknown line " + line);
      }
      segments.add(new Listed(Home.number(words[1]), Long.parseLong(words[2])));
    }
    if (!lines.get(0).equals(HEAD) || segments.isEmpty()) {
      throw damaged("it lists no segment");
    }
    return new Manifest(List.copyOf(segments));
  }

  private static JournalDamaged damaged(String reason) {
    return new JournalDamaged(Home.MANIFEST, 0, 1, JournalDamaged.UNKNOWN, reason);
  }

  private static String crc(String text) {
    CRC32C crc = new CRC32C();
    crc.update(text.getBytes(StandardCharsets.UTF_8));
    return "%08x".formatted(crc.getValue());
  }
}
