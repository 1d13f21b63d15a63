package mortmain.file;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import mortmain.model.Change;
import mortmain.model.Event;
import mortmain.value.ChunkPlan;
import mortmain.value.Lists;

/** Plans which pieces of growing lists a commit rewrites as one, so that a long list is read in few pieces. */
final class Chunks {
  private final Index index;
  private final Values values;

  Chunks(Index index, Values values) {
    this.index = index;
    this.values = values;
  }

  /** {@code pieces}: what the changes bring, in order. */
  List<EventCodec.Chunk> plan(Event.Committed event, List<Piece> pieces) {
    List<EventCodec.Chunk> chunks = new ArrayList<>(0);
    int next = 0;
    for (int i = 0; i < event.changes().size(); i++) {
      Change change = event.changes().get(i);
      if (!ChangeCodec.hasBytes(change.content())) {
        continue;
      }
      Piece piece = pieces.get(next++);
      KeyRecord record = index.find(change.key());
      if (change.content() instanceof Change.Appended && record != null && record.exists()) {
        plan(i, record.newest.content, piece, chunks);
      }
    }
    return chunks;
  }

  private void plan(int change, Content before, Piece added, List<EventCodec.Chunk> chunks) {
    List<Piece> list = new ArrayList<>(Arrays.asList(before.pieces()).subList(0, before.size()));
    list.add(added);
    while (true) {
      int[] levels = list.stream().mapToInt(Piece::level).toArray();
      int run = ChunkPlan.trailingRunToMerge(levels, levels.length);
      if (run == 0) {
        return;
      }
      List<Piece> merged = list.subList(list.size() - run, list.size());
      byte[] bytes = Lists.join(merged.stream().map(values::inner).toList());
      Piece chunk = new Piece(bytes, ChunkPlan.mergedLevel(levels, levels.length, run));
      merged.clear();
      list.add(chunk);
      chunks.add(new EventCodec.Chunk(change, run, chunk));
    }
  }
}
