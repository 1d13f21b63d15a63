package mortmain.value;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * The canonical form of a JSON text, RFC 8785 (JCS): no white space, members sorted by the UTF-16 units of their names,
 * the shortest escapes. Two values are equal when their canonical forms are the same bytes.
 *
 * <p>It departs from RFC 8785 in one point. JCS takes every number through a double; that would make 9007199254740993
 * equal to 9007199254740992, and a set would silently lose one of them. Here a number is taken as the decimal that is
 * written, and ECMAScript's notation is applied to those digits: {@code 1}, {@code 1.0} and {@code 1e0} are equal, and
 * a number is equal to another one only if it is. For everything that a program prints from a double (the shortest
 * digits that give it back, as Python and ECMAScript do) this is what JCS says, byte for byte. The two differ
 * only for numbers with more digits than a double needs: {@code 333333333.33333329} keeps its last digit.
 *
 * <p>Of members with one name the last counts. Every argument is a JSON text that {@link Json#problem} let pass.
 *
 * <p>Thread-safe: stateless.
 */
public final class Canonical {
  private static final long FNV_OFFSET = 0xcbf29ce484222325L;
  private static final long FNV_PRIME = 0x100000001b3L;

  private Canonical() {}

  /** Returns the canonical form. */
  public static byte[] of(byte[] json) {
    int start = Scan.space(json, 0);
    boolean nests = json[start] == '{' || json[start] == '[';
    Writer writer = new Writer(json, nests ? new Containers(json) : null); // members of sets are mostly scalars
    writer.value(start, 0);
    return writer.out.toArray();
  }

  /** Says whether two JSON texts are the same value. */
  public static boolean equal(byte[] a, byte[] b) {
    return Arrays.equals(a, b) || Arrays.equals(of(a), of(b));
  }

  /**
   * Returns 64 bits that are equal for equal values: FNV-1a over the canonical form, then mixed (MurmurHash3's last
   * step). The same in every release, so it may be kept on disk. Different values may share it, by chance or on
   * purpose: confirm with {@link #equal}.
   */
  public static long hash(byte[] json) {
    long hash = FNV_OFFSET;
    for (byte b : of(json)) {
      hash = (hash ^ (b & 0xff)) * FNV_PRIME;
    }
    hash = (hash ^ (hash >>> 33)) * 0xff51afd7ed558ccdL;
    hash = (hash ^ (hash >>> 33)) * 0xc4ceb9fe1a85ec53L;
    return hash ^ (hash >>> 33);
  }

  /**
   * A member of an object: where its name stands, where its value begins, and the number of the first container
   * there.
   */
  private record Member(String name, int nameStart, int nameEnd, int valueStart, int container) {}

  /** Writes the canonical form of parts of one text. Not thread-safe. */
  private static final class Writer {
    private final byte[] in;
    private final Containers containers;
    private final Bytes out;

    Writer(byte[] in, Containers containers) {
      this.in = in;
      this.containers = containers;
      this.out = new Bytes(in.length);
    }

    /**
     * Writes the value at i; container is the number of the first container from there on. Returns the index behind
     * it.
     */
    int value(int i, int container) {
      switch (in[i]) {
        case '{' -> object(i, container);
        case '[' -> list(i, container);
        default -> {
          int end = Scan.value(in, i);
          scalar(i, end);
          return end;
        }
      }
      return containers.end(container);
    }

    private void list(int start, int container) {
      int inside = container + 1;
      int i = Scan.space(in, start + 1);
      out.add('[');
      while (in[i] != ']') {
        int end = value(i, inside);
        inside = isContainer(i) ? containers.following(inside) : inside;
        i = Scan.space(in, end);
        if (in[i] == ',') {
          out.add(',');
          i = Scan.space(in, i + 1);
        }
      }
      out.add(']');
    }

    private void object(int start, int container) {
      List<Member> members = members(start, container);
      members.sort(Comparator.comparing(Member::name));
      out.add('{');
      boolean first = true;
      for (int m = 0; m < members.size(); m++) {
        Member member = members.get(m);
        if (m + 1 < members.size() && members.get(m + 1).name.equals(member.name)) {
          continue; // the sort is stable, so a later one of the same name counts
        }
        if (!first) {
          out.add(',');
        }
        first = false;
        string(member.nameStart, member.nameEnd);
        out.add(':');
        value(member.valueStart, member.container);
      }
      out.add('}');
    }

    private List<Member> members(int start, int container) {
      List<Member> members = new ArrayList<>();
      int inside = container + 1;
      int i = Scan.space(in, start + 1);
      while (in[i] != '}') {
        int nameEnd = Scan.string(in, i);
        int value = Scan.behindColon(in, nameEnd);
        members.add(new Member(Scan.decode(in, i, nameEnd), i, nameEnd, value, inside));
        int end = isContainer(value) ? containers.end(inside) : Scan.value(in, value);
        inside = isContainer(value) ? containers.following(inside) : inside;
        i = Scan.space(in, end);
        i = in[i] == ',' ? Scan.space(in, i + 1) : i;
      }
      return members;
    }

    private boolean isContainer(int i) {
      return in[i] == '{' || in[i] == '[';
    }

    private void scalar(int start, int end) {
      switch (in[start]) {
        case '"' -> string(start, end);
        case 't', 'f', 'n' -> out.add(in, start, end);
        default -> CanonicalNumber.write(in, start, end, out);
      }
    }

    /** A string without a backslash is canonical as it stands: control characters cannot be in it. */
    private void string(int start, int end) {
      for (int i = start; i < end; i++) {
        if (in[i] == '\\') {
          out.add('"').add(escaped(Scan.decode(in, start, end))).add('"');
          return;
        }
      }
      out.add(in, start, end);
    }

    private static String escaped(String text) {
      StringBuilder escaped = new StringBuilder(text.length() + 8);
      for (int i = 0; i < text.length(); i++) {
        char c = text.charAt(i);
        switch (c) {
          case '"', '\\' -> escaped.append('\\').append(c);
          case '\b' -> escaped.append("\\b");
          case '\f' -> escaped.append("\\f");
          case '\n' -> escaped.append("\\n");
          case '\r' -> escaped.append("\\r");
          case '\t' -> escaped.append("\\t");
          default -> {
            if (c < 0x20) {
              escaped.append(c < 0x10 ? "\\u000" : "\\u00").append(Integer.toHexString(c));
            } else {
              escaped.append(c);
            }
          }
        }
      }
      return escaped.toString();
    }
  }
}
