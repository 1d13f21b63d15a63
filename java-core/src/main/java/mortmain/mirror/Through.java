package mortmain.mirror;

/**
 * Up to where files are known to be forced.
 *
 * @param revision of the last MirroredThrough, or of the mount
 * @param forced whether there was a MirroredThrough: without one, no file needs to be whole after a power loss
 */
public record Through(long revision, boolean forced) {
  /** Of a directory that is mounted only now: a file in it is ours only if it shows the newest version. */
  static final Through FRESH = new Through(Long.MAX_VALUE, true);
}
