package mortmain.file;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import mortmain.journal.BackupReport;
import mortmain.journal.VerifyReport;

/** What the journal found, in plain scalars. */
final class Reports {
  private Reports() {}

  static Map<String, Object> of(BackupReport report, Path directory) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("directory", directory.toString());
    map.put("store_id", report.store());
    map.put("taken_at", report.takenAt());
    map.put("segments", (long) report.segments());
    map.put("frames", report.frames());
    map.put("records", report.records());
    map.put("bytes", report.bytes());
    map.put("revision", report.revision());
    return map;
  }

  static Map<String, Object> of(VerifyReport report) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("ok", true);
    map.put("segments", (long) report.segments());
    map.put("frames", report.frames());
    map.put("records", report.records());
    map.put("bytes", report.bytes());
    map.put("first_revision", report.firstRevision());
    map.put("revision", report.lastRevision());
    return map;
  }
}
