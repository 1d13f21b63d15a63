package mortmain.model;

import java.util.Arrays;

/** Bytes with their content type. The bytes are shared, not copied: nobody changes them. */
public final class Value {
  /** The content type of JSON values; one with parameters ({@code application/json;model=Plan}) is JSON too. */
  public static final String JSON = "application/json";

  /** The content type of UTF-8 text. */
  public static final String TEXT = "text/plain";

  private final String contentType;
  private final byte[] bytes;

  public Value(String contentType, byte[] bytes) {
    this.contentType = contentType;
    this.bytes = bytes;
  }

  public static Value json(byte[] bytes) {
    return new Value(JSON, bytes);
  }

  public String contentType() {
    return contentType;
  }

  public byte[] bytes() {
    return bytes;
  }

  public boolean isJson() {
    return isJson(contentType);
  }

  public static boolean isJson(String contentType) {
    return contentType.equals(JSON) || contentType.startsWith(JSON + ";");
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Value value && contentType.equals(value.contentType) && Arrays.equals(bytes, value.bytes);
  }

  @Override
  public int hashCode() {
    return 31 * contentType.hashCode() + Arrays.hashCode(bytes);
  }

  @Override
  public String toString() {
    return contentType + " of " + bytes.length + " bytes";
  }
}
