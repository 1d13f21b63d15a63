package mortmain.file;

import mortmain.model.Limits;

/** The parts of the state that are guarded by one lock. */
record FileState(Index index, Requests requests, Folds folds, Values values, SegmentTables tables, Settings settings) {
  /** What a store takes now. */
  Limits limits() {
    return settings.limits();
  }
}
