package mortmain.gateway.py4j;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Random words and proofs. Stateless and safe for any number of threads. */
public final class Secrets {
  private static final char[] HEX = "0123456789abcdef".toCharArray();
  private static final Path KERNEL = Path.of("/dev/urandom");

  private Secrets() {}

  /** Random bytes as lower-case hex. Asks the kernel: loading Java's providers would cost a start 30 ms. */
  public static String random(int bytes) {
    byte[] random;
    try (InputStream kernel = Files.newInputStream(KERNEL)) {
      random = kernel.readNBytes(bytes);
    } catch (IOException none) {
      random = new byte[0];
    }
    if (random.length != bytes) {
      random = new byte[bytes];
      new SecureRandom().nextBytes(random);
    }
    return hex(random);
  }

  /** Compares in a time that does not depend on where they differ. */
  public static boolean same(String one, String other) {
    return MessageDigest.isEqual(one.getBytes(UTF_8), other.getBytes(UTF_8));
  }

  /** The proof of docs/frames.md. {@code side}: {@code gateway} or {@code client}. */
  public static String proof(String word, String side, String clientNonce, String gatewayNonce, String instance) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(word.getBytes(UTF_8), "HmacSHA256"));
      String said = "mortmain " + side + "\n" + clientNonce + "\n" + gatewayNonce + "\n" + instance;
      return hex(mac.doFinal(said.getBytes(UTF_8)));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java has HmacSHA256", e);
    }
  }

  private static String hex(byte[] bytes) {
    char[] hex = new char[2 * bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      hex[2 * i] = HEX[(bytes[i] >> 4) & 0xf];
      hex[2 * i + 1] = HEX[bytes[i] & 0xf];
    }
    return new String(hex);
  }
}
