package mortmain.mirror;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import mortmain.model.Value;

/** Values as files show them: text and bytes as they are, JSON indented. Stateless. */
final class Rendering {
  private static final int SECTOR = 512;

  private Rendering() {}

  static byte[] of(Value value) {
    return value.isJson() ? indented(value.bytes()) : value.bytes();
  }

  /** Whether a file shows the value; the white space of JSON does not count. */
  static boolean shows(byte[] file, Value value) {
    return Arrays.equals(file, of(value)) || (value.isJson() && Arrays.equals(compact(file), compact(value.bytes())));
  }

  /** Whether the file may be what a power loss left of an unforced copy: a shorter one, or one with sectors of zeros. */
  static boolean torn(byte[] file, Value value) {
    byte[] whole = of(value);
    if (file.length > whole.length) {
      return false;
    }
    for (int at = 0; at < file.length; at += SECTOR) {
      int end = Math.min(file.length, at + SECTOR);
      if (!Arrays.equals(file, at, end, whole, at, end) && !zero(file, at, end)) {
        return false;
      }
    }
    return true;
  }

  private static boolean zero(byte[] file, int from, int to) {
    for (int i = from; i < to; i++) {
      if (file[i] != 0) {
        return false;
      }
    }
    return true;
  }

  /** JSON without white space between its parts; two words stay two, so that what is no JSON equals none. */
  private static byte[] compact(byte[] json) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(json.length);
    boolean inside = false;
    boolean apart = false;
    byte last = '[';
    for (int i = 0; i < json.length; i++) {
      byte b = json[i];
      if (!inside && (b == ' ' || b == '\n' || b == '\r' || b == '\t')) {
        apart = true;
        continue;
      }
      if (apart && isWord(last) && isWord(b)) {
        out.write(' ');
      }
      apart = false;
      out.write(b);
      last = b;
      if (inside && b == '\\' && i + 1 < json.length) {
        out.write(json[++i]);
      } else if (b == '"') {
        inside = !inside;
      }
    }
    return out.toByteArray();
  }

  private static boolean isWord(byte b) {
    return "{}[],:\"".indexOf(b) < 0;
  }

  /** Two blanks a level, every part on a line of its own, a line feed at the end; strings and numbers keep their very characters. */
  private static byte[] indented(byte[] json) {
    byte[] compact = compact(json);
    ByteArrayOutputStream out = new ByteArrayOutputStream(compact.length * 2);
    int depth = 0;
    boolean inside = false;
    for (int i = 0; i < compact.length; i++) {
      byte b = compact[i];
      if (inside) {
        out.write(b);
        if (b == '\\') {
          out.write(compact[++i]);
        } else if (b == '"') {
          inside = false;
        }
      } else if (b == '{' || b == '[') {
        out.write(b);
        boolean empty = compact[i + 1] == '}' || compact[i + 1] == ']';
        if (empty) {
          out.write(compact[++i]);
        } else {
          line(out, ++depth);
        }
      } else if (b == '}' || b == ']') {
        line(out, --depth);
        out.write(b);
      } else if (b == ',') {
        out.write(b);
        line(out, depth);
      } else if (b == ':') {
        out.writeBytes(": ".getBytes(UTF_8));
      } else {
        inside = b == '"';
        out.write(b);
      }
    }
    out.write('\n');
    return out.toByteArray();
  }

  private static void line(ByteArrayOutputStream out, int depth) {
    out.write('\n');
    for (int i = 0; i < depth; i++) {
      out.write(' ');
      out.write(' ');
    }
  }
}
