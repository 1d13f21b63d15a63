package mortmain.model;

import java.util.List;

/** Snapshots of one revision; {@code more}: a scan stopped at its limit. */
public record Reading(String storeId, long revision, List<Snapshot> snapshots, boolean more) {}
