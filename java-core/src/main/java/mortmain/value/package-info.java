/**
 * Folds: what a delta makes of the current value. Everything here is a pure function on the bytes of JSON texts.
 *
 * <p>Contract:
 * <ul>
 * <li>A JSON text is UTF-8 and strict RFC 8259. {@link mortmain.value.Json#problem} is the gate; every other method
 * expects a text that passed it, and its result is undefined (it may throw) for any other bytes.
 * <li>Nothing is parsed into doubles, so numbers keep their digits. Parts that a fold does not touch keep their bytes.
 * <li>Where an object names a member twice, the last one counts.
 * <li>Every method runs in time linear in its input (sorting members apart) and recurses at most {@link
 * mortmain.value.Json#MAX_DEPTH} deep: folds run while the engine holds its lock.
 * <li>Arrays passed in are never written to, and results may share them: treat every array as immutable.
 * </ul>
 */
package mortmain.value;
