package mortmain.model;

/**
 * A prefix whose keys are plain files in a directory too.
 *
 * @param prefix empty, or ends in {@code /}
 * @param directory an absolute path without symbolic links
 * @param sync whether a commit is acknowledged only after its files were written
 * @param adopt whether an edit from outside is committed before anything else is judged, instead of being refused
 */
public record Mount(String prefix, String directory, boolean sync, boolean adopt) {}
