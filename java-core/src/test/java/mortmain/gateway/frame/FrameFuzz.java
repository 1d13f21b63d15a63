package mortmain.gateway.frame;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import mortmain.Store;
import mortmain.disk.MemoryDisk;
import mortmain.engine.ManualClock;
import mortmain.file.FileSubject;
import mortmain.model.Limits;
import mortmain.model.MortmainException;

/**
 * Any bytes as a request: one well-formed reply, never an internal failure, and the store goes on. A target for coverage-guided fuzzing
 * ({@code make fuzz}) and for the seeds of {@link FrameFuzzTest}. For one thread.
 */
public final class FrameFuzz {
  /** These wait for others, or have a thread of their own: only taken apart. */
  private static final Set<Op> WAITING = EnumSet.of(Op.CLAIM, Op.TURN, Op.WATCH, Op.BACKUP);

  /** The inputs share a store, so that they find what others wrote; after so many it is a new one. */
  private static final int SHARED = 2_000;

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Limits SMALL = new Limits(1 << 16, 1024, 100, 1 << 18, 32, 4096, Long.MAX_VALUE / 2_000_000, 1_000);

  private static EntryPoint door;
  private static byte[] last;
  private static int inputs;

  private FrameFuzz() {}

  /** What the fuzzer calls. */
  public static void fuzzerTestOneInput(byte[] frame) throws IOException {
    if (inputs++ % SHARED == 0) {
      door = open();
    }
    if (waits(frame)) {
      return;
    }
    last = null;
    if (!door.call(frame) || last == null) {
      throw new IllegalStateException("there was no reply");
    }
    JsonNode fields = JSON.readTree(EntryPoint.fields(last));
    if ("internal".equals(fields.path("reason").asText())) {
      throw new IllegalStateException(fields.toString());
    }
  }

  private static boolean waits(byte[] frame) {
    try {
      return WAITING.contains(Request.of(frame, 0, frame.length).op());
    } catch (MortmainException rejection) {
      return false; // the door says so too
    }
  }

  private static EntryPoint open() {
    Store store = new FileSubject(new MemoryDisk(), new ManualClock(), SMALL).store();
    Operations operations = new Operations(store, new Nobody(store), new Meters());
    return new EntryPoint(operations, new Session(), 1 << 20, reply -> {
      last = reply;
      return true;
    });
  }

  /** A gateway that nobody can stop. */
  private record Nobody(Store store) implements Operations.Host {
    @Override
    public Map<String, Object> greeting() {
      return Map.of("version", "fuzz");
    }

    @Override
    public Map<String, Object> info() {
      return store.info();
    }

    @Override
    public void admitStop() {
      // everybody may ask
    }

    @Override
    public void stop() {
      // it goes on
    }
  }
}
