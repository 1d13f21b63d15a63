/**
 * The file engine: an ordered index in memory over values in the journal. {@link mortmain.file.Decisions} are judged and added
 * under one lock; {@code Index} is the state, changed only by applying events, whether they are new or replayed; {@code Folds}
 * evaluates delta writes; {@code EventCodec} is the byte layout of events.
 */
package mortmain.file;
