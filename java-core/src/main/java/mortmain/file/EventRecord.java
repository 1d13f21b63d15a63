package mortmain.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import mortmain.journal.Record;

/** One event on its way to disk: tells its pieces where they lie; and back from there. */
@SuppressWarnings("JavaLangClash")
final class EventRecord extends Record {
  private final EventCodec.Coded coded;
  private final SegmentTables tables;
  private volatile int segment;
  private volatile int offset;

  EventRecord(EventCodec.Coded coded, SegmentTables tables) {
    super(coded.event().revision(), coded.bytes());
    this.tables = tables;
    this.coded = coded;
  }

  EventCodec.Coded coded() {
    return coded;
  }

  int segment() {
    return segment;
  }

  int offset() {
    return offset;
  }

  @Override
  protected void placed(int segmentNumber, int position) {
    segment = segmentNumber;
    offset = position;
    place(coded, segmentNumber, position);
    tables.placed(coded.event(), segmentNumber, position);
  }

  static EventCodec.Coded read(Values.Source source, int segment, int offset) throws IOException {
    byte[] length = new byte[Integer.BYTES];
    source.read(segment, offset, length);
    byte[] bytes = new byte[ByteBuffer.wrap(length).getInt()];
    source.read(segment, offset, bytes);
    return EventCodec.decode(ByteBuffer.wrap(bytes));
  }

  static void place(EventCodec.Coded coded, int segment, int offset) {
    for (EventCodec.Run run : coded.runs()) {
      run.piece().place(segment, offset + run.offset());
    }
  }
}
