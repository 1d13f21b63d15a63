package mortmain.journal;

import java.io.IOException;

/** Another mortmain wrote this store, or took this backup. Nothing was changed; the sentence says which version can read it. */
public final class UnsupportedFormat extends IOException {
  private final int found;
  private final int supported;

  UnsupportedFormat(int found, int supported) {
    this("this store has format " + found + ", and this mortmain knows formats up to " + supported + "; upgrade mortmain", found, supported);
  }

  private UnsupportedFormat(String sentence, int found, int supported) {
    super(sentence);
    this.found = found;
    this.supported = supported;
  }

  /** A backup is checked against what this version writes, byte by byte: an older one is restored by the version that took it. */
  static UnsupportedFormat ofBackup(int found, int supported) {
    String advice = found > supported ? "upgrade mortmain" : "restore it with the mortmain that took it, and open the store that this makes";
    return new UnsupportedFormat("this backup has format " + found + ", and this mortmain restores format " + supported + ": " + advice, found, supported);
  }

  public int found() {
    return found;
  }

  public int supported() {
    return supported;
  }
}
