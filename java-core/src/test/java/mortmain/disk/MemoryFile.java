package mortmain.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;

/**
 * The content of one file of {@link MemoryDisk}: what the page cache shows, what the medium holds, and in between the content that each
 * 512-byte sector had after each unforced write. Guarded by the disk.
 */
final class MemoryFile {
  static final int SECTOR = 512;
  /** All versions of that many changed sectors are combined; of more, a sample. */
  private static final int COMBINATIONS = 4096;
  private static final int SAMPLE = 256;
  /** Of a longer write, only the prefixes that end in its first or last sector are made one by one, and every 61st of the others. */
  private static final int LONG_WRITE = 2048;

  private byte[] cache = new byte[0];
  private int size;
  private byte[] durable = new byte[0];
  private final TreeMap<Integer, List<byte[]>> versions = new TreeMap<>();
  private final Set<Integer> dirty = new TreeSet<>();
  private final List<Write> writes = new ArrayList<>();

  @SuppressWarnings("ArrayRecordComponent")
  private record Write(int position, byte[] bytes) {}

  static MemoryFile holding(byte[] content) {
    MemoryFile file = new MemoryFile();
    file.durable = content;
    file.cache = content.clone();
    file.size = content.length;
    return file;
  }

  /** The same file after the process died and the machine went on. */
  MemoryFile copy() {
    MemoryFile copy = holding(durable.clone());
    copy.cache = cache.clone();
    copy.size = size;
    versions.forEach((sector, list) -> copy.versions.put(sector, new ArrayList<>(list)));
    copy.dirty.addAll(dirty);
    copy.writes.addAll(writes);
    return copy;
  }

  int size() {
    return size;
  }

  byte[] content() {
    return Arrays.copyOf(cache, size);
  }

  /** Of the content and its length, 64 bits. */
  long hash() {
    return hash(cache, size);
  }

  /** Two checksums, for which the processor has instructions: images are told apart by the hundred thousand. */
  private static long hash(byte[] bytes, int length) {
    CRC32 one = new CRC32();
    CRC32C other = new CRC32C();
    one.update(bytes, 0, length);
    other.update(bytes, 0, length);
    return (one.getValue() << 32 | other.getValue()) + length;
  }

  /** Equal to one with equal bytes. */
  private static final class Content {
    private final byte[] bytes;
    private final int hash;

    Content(byte[] bytes) {
      this.bytes = bytes;
      this.hash = Long.hashCode(MemoryFile.hash(bytes, bytes.length));
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Content content && Arrays.equals(bytes, content.bytes);
    }

    @Override
    public int hashCode() {
      return hash;
    }
  }

  int read(long position, ByteBuffer into) {
    if (position >= size) {
      return -1;
    }
    int n = (int) Math.min(into.remaining(), size - position);
    into.put(cache, (int) position, n);
    return n;
  }

  int write(long position, ByteBuffer from) throws IOException {
    byte[] bytes = new byte[from.remaining()];
    from.get(bytes);
    int start = Math.toIntExact(position);
    int end = start + bytes.length;
    if (end > cache.length) {
      cache = Arrays.copyOf(cache, Math.max(end, cache.length * 2));
    }
    size = Math.max(size, end);
    System.arraycopy(bytes, 0, cache, start, bytes.length);
    writes.add(new Write(start, bytes));
    for (int sector = start / SECTOR; sector * SECTOR < end; sector++) {
      dirty.add(sector);
      versions.computeIfAbsent(sector, s -> new ArrayList<>()).add(sector(cache, sector));
    }
    return bytes.length;
  }

  void force() {
    durable = Arrays.copyOf(durable, Math.max(durable.length, size));
    for (int sector : dirty) {
      byte[] content = sector(cache, sector);
      System.arraycopy(content, 0, durable, sector * SECTOR, Math.min(SECTOR, size - sector * SECTOR));
      versions.remove(sector);
    }
    dirty.clear();
    writes.clear();
  }

  /** A force that failed: the pages count as clean, so the next force writes none of them; each may be on the medium or not. */
  void failForce() {
    dirty.clear();
    writes.clear();
  }

  private static byte[] sector(byte[] content, int sector) {
    return Arrays.copyOf(sector * SECTOR < content.length ? Arrays.copyOfRange(content, sector * SECTOR,
        Math.min(content.length, (sector + 1) * SECTOR)) : new byte[0], SECTOR);
  }

  List<byte[]> extremesAfterPowerLoss() {
    return Arrays.equals(durable, content()) ? List.of(durable) : List.of(durable, content());
  }

  /** What the file may hold after a power loss: every byte prefix of the unforced writes, and every choice of a version per sector. */
  List<byte[]> contentsAfterPowerLoss() {
    Set<Content> contents = new LinkedHashSet<>();
    contents.add(new Content(durable));
    contents.add(new Content(content()));
    addPrefixes(contents);
    addSectorChoices(contents);
    return contents.stream().map(content -> content.bytes).toList();
  }

  private void addPrefixes(Set<Content> contents) {
    byte[] base = durable;
    for (Write write : writes) {
      for (int i = 0; i < write.bytes.length; i++) {
        int at = write.position + i;
        boolean grows = at >= base.length;
        if (write.bytes.length > LONG_WRITE && i > SECTOR && i < write.bytes.length - SECTOR && i % 61 != 0) {
          continue;
        }
        if (grows ? at % SECTOR == SECTOR - 1 || write.bytes[i] != 0 : base[at] != write.bytes[i]) {
          byte[] cut = Arrays.copyOf(base, Math.max(base.length, at + 1));
          System.arraycopy(write.bytes, 0, cut, write.position, i + 1);
          contents.add(new Content(cut));
        }
      }
      base = Arrays.copyOf(base, Math.max(base.length, write.position + write.bytes.length));
      System.arraycopy(write.bytes, 0, base, write.position, write.bytes.length);
    }
  }

  private void addSectorChoices(Set<Content> contents) {
    byte[] base = Arrays.copyOf(durable, Math.max(durable.length, size));
    List<Integer> sectors = new ArrayList<>();
    List<List<byte[]>> choices = new ArrayList<>();
    long combinations = 1;
    for (Map.Entry<Integer, List<byte[]>> each : versions.entrySet()) {
      byte[] old = sector(base, each.getKey());
      List<byte[]> distinct = new ArrayList<>(List.of(old));
      for (byte[] version : each.getValue()) {
        if (distinct.stream().noneMatch(known -> Arrays.equals(known, version))) {
          distinct.add(version);
        }
      }
      if (distinct.size() > 1) {
        sectors.add(each.getKey());
        choices.add(distinct);
        combinations = Math.min(combinations * distinct.size(), Integer.MAX_VALUE);
      }
    }
    if (combinations <= COMBINATIONS) {
      for (int i = 0; i < combinations; i++) {
        contents.add(new Content(chosen(base, sectors, choices, digits(i, choices))));
      }
    } else {
      addSample(contents, base, sectors, choices);
    }
  }

  /** One sector lost, one sector kept, and random choices with a fixed seed. */
  private static void addSample(Set<Content> contents, byte[] base, List<Integer> sectors, List<List<byte[]>> choices) {
    for (int i = 0; i < sectors.size(); i++) {
      int[] kept = new int[sectors.size()];
      int[] lost = new int[sectors.size()];
      for (int j = 0; j < lost.length; j++) {
        lost[j] = choices.get(j).size() - 1;
      }
      kept[i] = lost[i];
      lost[i] = 0;
      contents.add(new Content(chosen(base, sectors, choices, kept)));
      contents.add(new Content(chosen(base, sectors, choices, lost)));
    }
    Random random = new Random(sectors.size());
    for (int i = 0; i < SAMPLE; i++) {
      int[] digits = choices.stream().mapToInt(list -> random.nextInt(list.size())).toArray();
      contents.add(new Content(chosen(base, sectors, choices, digits)));
    }
  }

  private static int[] digits(int number, List<List<byte[]>> choices) {
    int[] digits = new int[choices.size()];
    int rest = number;
    for (int i = 0; i < digits.length; i++) {
      digits[i] = rest % choices.get(i).size();
      rest /= choices.get(i).size();
    }
    return digits;
  }

  private static byte[] chosen(byte[] base, List<Integer> sectors, List<List<byte[]>> choices, int[] digits) {
    byte[] content = base.clone();
    for (int i = 0; i < digits.length; i++) {
      int at = sectors.get(i) * SECTOR;
      System.arraycopy(choices.get(i).get(digits[i]), 0, content, at, Math.min(SECTOR, content.length - at));
    }
    return content;
  }
}
