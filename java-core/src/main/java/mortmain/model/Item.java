package mortmain.model;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;
import java.util.Objects;

/** One list item: its JSON text, and an id that is remembered as long as the item is in the list, or null. */
public final class Item {
  private final byte[] json;
  private final String id;

  public Item(byte[] json, String id) {
    this.json = json;
    this.id = id;
  }

  public byte[] json() {
    return json;
  }

  public String id() {
    return id;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Item item && Arrays.equals(json, item.json) && Objects.equals(id, item.id);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(json) + Objects.hashCode(id);
  }

  @Override
  public String toString() {
    return new String(json, UTF_8) + (id == null ? "" : " #" + id);
  }
}
