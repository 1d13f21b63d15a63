package mortmain.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import mortmain.disk.Disk;
import mortmain.disk.DiskFile;
import mortmain.file.SegmentTable.Row;
import mortmain.mirror.Shown;
import mortmain.mirror.Source;
import mortmain.model.Change;
import mortmain.model.ErrorCode;
import mortmain.model.Key;
import mortmain.model.Rejection;
import mortmain.model.Value;

/** The durable versions of keys, for their files. Thread-safe; takes the engine's lock for a moment. */
final class MirrorSource implements Source {
  private static final Shown NEVER = new Shown(0, null);
  private static final int NAME = 50;

  private final Decisions decisions;
  private final Disk disk;
  private final Path directory;
  private final Past past;
  private final Clocks clocks;

  MirrorSource(Decisions decisions, Disk disk, Path directory, Past past, Clocks clocks) {
    this.decisions = decisions;
    this.disk = disk;
    this.directory = directory;
    this.past = past;
    this.clocks = clocks;
  }

  /** Won: what is not durable yet is not shown, and so never reaches a file. */
  @Override
  public Shown newest(Key key) {
    Version version = decisions.locked(() -> {
      KeyRecord record = decisions.state().index().find(key);
      long durable = decisions.journal().durableRevision();
      Version found = record == null ? null : record.newest;
      while (found != null && found.revision > durable) {
        found = found.older();
      }
      return found;
    });
    if (version == null) {
      return NEVER;
    }
    return new Shown(version.revision, version.content == null ? null : () -> new Value(version.contentType, decisions.state().values().load(version.content)));
  }

  @Override
  public Iterable<Shown> before(Key key, Shown newest) {
    SegmentTables.Search search = past.search(key);
    return () -> new Iterator<>() {
      private Row next = search.atRevision(newest.revision() - 1);

      @Override
      public boolean hasNext() {
        return next != null;
      }

      @Override
      public Shown next() {
        if (next == null) {
          throw new NoSuchElementException();
        }
        Past.Written written = past.written(key, next);
        next = search.atRevision(next.revision() - 1);
        boolean deleted = written.change().content() instanceof Change.Deleted;
        return new Shown(written.event().revision(), deleted ? null : () -> past.value(search, written, -1));
      }
    };
  }

  @Override
  public List<Key> keys(String prefix, Key after, int limit) {
    return decisions.locked(() -> {
      List<Key> keys = new ArrayList<>();
      for (KeyRecord record : decisions.state().index().below(prefix, after)) {
        if (keys.size() == limit) {
          break;
        }
        keys.add(record.key);
      }
      return keys;
    });
  }

  @Override
  public void keepAside(Key key, byte[] bytes) {
    Path folder = directory.resolve("lost").resolve("mirror");
    String text = key.toString().replace('/', '~');
    String name = text.substring(0, Math.min(NAME, text.length())) + "-" + clocks.wall(0);
    try {
      disk.createDirectories(folder);
      Path file = folder.resolve(name);
      for (int i = 2; disk.exists(file); i++) {
        file = folder.resolve(name + "-" + i);
      }
      try (DiskFile copy = disk.create(file)) {
        copy.writeFully(0, ByteBuffer.wrap(bytes));
        copy.force();
      }
      disk.forceDirectory(folder);
    } catch (IOException e) {
      String sentence = "a damaged copy of " + key + " could not be kept in lost/: " + e.getMessage();
      throw Rejection.of(ErrorCode.UNAVAILABLE, sentence, Map.of("reason", "refused"))
          .exception();
    }
  }

  @Override
  public long limit() {
    return decisions.state().limits().value();
  }
}
