package mortmain.journal;

import java.io.IOException;

/** A newer mortmain wrote this store. Nothing was changed; open it with that version or a later one. */
public final class UnsupportedFormat extends IOException {
  private final int found;
  private final int supported;

  UnsupportedFormat(int found, int supported) {
    super("this store has format " + found + ", and this mortmain knows formats up to " + supported + "; upgrade mortmain");
    this.found = found;
    this.supported = supported;
  }

  public int found() {
    return found;
  }

  public int supported() {
    return supported;
  }
}
