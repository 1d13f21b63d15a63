package mortmain.gateway.frame;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import mortmain.model.ErrorCode;
import mortmain.model.Failure;
import mortmain.model.MortmainException;
import mortmain.model.Reading;
import mortmain.model.Receipt;
import mortmain.model.Rejection;
import mortmain.model.Snapshot;
import mortmain.model.Turn;

/** Writes the shapes that several operations share: snapshots, receipts, errors. Stateless. */
final class Answers {
  private static final int BRIEF_RECEIPT = 2;
  private static final int BRIEF_TURN = 3;

  private Answers() {}

  /** An answer that says nothing but yes. */
  static void empty(Reply reply) {
    reply.answer().beginObject().endObject();
  }

  /** {@code store_id, read_revision} and the snapshots under {@code snaps}; values go to the payload. */
  static void reading(Reply reply, JsonWriter json, Reading reading) {
    json.name("store_id").text(reading.storeId());
    json.name("read_revision").number(reading.revision());
    json.name("snaps").beginArray();
    List<Snapshot> snapshots = reading.snapshots();
    for (int i = 0; i < snapshots.size(); i++) {
      snapshot(reply, json, snapshots.get(i));
    }
    json.endArray();
  }

  /** The only snapshot of a reading, under {@code snap}. */
  static void single(Reply reply, JsonWriter json, Reading reading) {
    json.name("store_id").text(reading.storeId());
    json.name("read_revision").number(reading.revision());
    json.name("snap");
    snapshot(reply, json, reading.snapshots().get(0));
  }

  static void snapshot(Reply reply, JsonWriter json, Snapshot snap) {
    json.beginObject();
    json.name("key").text(snap.key().toString());
    json.name("version").number(snap.version());
    json.name("tag").number(snap.tag());
    json.name("epoch").number(snap.epoch());
    json.name("revision").number(snap.revision());
    json.name("exists").bool(snap.exists());
    if (snap.contentType() != null) {
      json.name("type").text(snap.contentType());
    }
    if (snap.value() != null) {
      byte[] value = snap.value().bytes();
      json.name("len").number(value.length);
      reply.add(value);
    }
    if (snap.writer() != null) {
      json.name("writer").text(snap.writer());
    }
    if (snap.committedAt() != 0) {
      json.name("committed_at").number(snap.committedAt());
    }
    if (snap.meta() != null && !snap.meta().isEmpty()) {
      json.name("meta").any(snap.meta());
    }
    if (snap.partial()) {
      json.name("partial").bool(true);
    }
    json.endObject();
  }

  /** A receipt; to who understands it the numbers alone, where the client knows the rest. */
  static void committed(Reply reply, Receipt receipt, boolean brief) {
    if (brief && receipt.keys().size() == 1 && !receipt.replayed() && receipt.mirrored() == null) {
      Receipt.KeyReceipt key = receipt.keys().get(0);
      if (key.result() == null) {
        reply.brief(BRIEF_RECEIPT, "", key.version(), key.tag(), key.epoch(), key.revision());
        return;
      }
    }
    JsonWriter json = reply.answer().beginObject();
    receipt(json, receipt);
    json.endObject();
  }

  /** A turn and what it is for; briefly as a receipt is. */
  static void turn(Reply reply, Turn turn, boolean brief) {
    Reading reading = turn.reading();
    Snapshot snap = reading.snapshots().get(0);
    if (brief) {
      String type = snap.exists() ? snap.contentType() : "";
      reply.brief(BRIEF_TURN, type, turn.id(), snap.version(), snap.tag(), snap.epoch(), reading.revision());
      if (snap.value() != null) {
        reply.add(snap.value().bytes());
      }
      return;
    }
    JsonWriter json = reply.answer().beginObject().name("turn").number(turn.id());
    single(reply, json, reading);
    json.endObject();
  }

  /** The fields of a receipt, inside an object that is open. */
  static void receipt(JsonWriter json, Receipt receipt) {
    json.name("revision").number(receipt.revision());
    json.name("store_id").text(receipt.storeId());
    json.name("request_id").text(receipt.requestId());
    json.name("replayed").bool(receipt.replayed());
    if (receipt.mirrored() != null) {
      json.name("mirrored").bool(receipt.mirrored());
    }
    json.name("keys").beginArray();
    List<Receipt.KeyReceipt> keys = receipt.keys();
    for (int i = 0; i < keys.size(); i++) {
      Receipt.KeyReceipt key = keys.get(i);
      json.beginArray().text(key.key().toString()).number(key.version()).number(key.tag()).number(key.epoch());
      json.number(key.revision()).raw(key.result()).endArray();
    }
    json.endArray();
  }

  /** A request that is larger than the gateway takes. */
  static MortmainException tooLarge(long size, long limit) {
    return Rejection.of(
            ErrorCode.TOO_LARGE,
            "a request of " + size + " bytes is above the limit of " + limit + ": make it smaller, or give the gateway more memory",
            Map.of("size", size, "limit", limit))
        .exception();
  }

  static void error(Reply reply, MortmainException exception) {
    Rejection rejection = exception.rejection();
    List<Failure> failures = rejection.failures();
    JsonWriter json = reply.error().beginObject();
    json.name("code").text(rejection.code().name());
    json.name("message").text(rejection.message());
    json.name("retry").text(rejection.retry().name().toLowerCase(Locale.ROOT));
    detail(json, failures.get(0));
    json.name("failures").beginArray();
    for (int i = 0; i < failures.size(); i++) {
      json.beginObject().name("code").text(failures.get(i).code().name());
      json.name("message").text(failures.get(i).sentence());
      detail(json, failures.get(i));
      json.endObject();
    }
    json.endArray();
    if (rejection.current() != null) {
      json.name("current");
      snapshot(reply, json, rejection.current());
    }
    json.endObject();
  }

  private static void detail(JsonWriter json, Failure failure) {
    Map<String, Object> details = failure.details();
    if (failure.key() != null && !details.containsKey("key")) {
      json.name("key").text(failure.key().toString());
    }
    for (Map.Entry<String, Object> detail : details.entrySet()) {
      json.name(detail.getKey()).any(detail.getValue());
    }
  }
}
