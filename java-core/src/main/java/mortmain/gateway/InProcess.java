package mortmain.gateway;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import mortmain.Store;
import mortmain.StoreOptions;
import mortmain.gateway.frame.DirectConnection;
import mortmain.model.ErrorCode;
import mortmain.model.Limits;
import mortmain.model.MortmainException;
import mortmain.model.Rejection;

/**
 * The gateways of this JVM, for Python that runs in it (through jep): the Python client calls {@link #connect} instead of looking for a
 * socket. Thread-safe.
 */
public final class InProcess {
  private static final Map<Path, Gateway> GATEWAYS = new HashMap<>();
  private static boolean hooked;

  private InProcess() {}

  /**
   * A connection to the store of a directory: the one that a Java program shares, else one that is opened here and closed with the JVM.
   * What is wrong is the answer of the connection's first call.
   *
   * @param start whether the store may be opened here
   * @param create whether an empty directory becomes a new store
   */
  public static DirectConnection connect(String directory, boolean start, boolean create) {
    try {
      return gateway(real(Path.of(directory)), start, create).connect();
    } catch (MortmainException refusal) {
      return DirectConnection.refused(refusal);
    } catch (IOException | UncheckedIOException e) {
      return DirectConnection.refused(Failures.rejection(e, "the store could not be opened").exception());
    }
  }

  private static Gateway gateway(Path directory, boolean start, boolean create) {
    while (true) {
      Gateway ending;
      synchronized (GATEWAYS) {
        Gateway known = GATEWAYS.get(directory);
        if (known == null && !start) {
          throw Rejection.of(
                  ErrorCode.UNAVAILABLE,
                  "this JVM has no open store of " + directory + ", and may not open one here",
                  Map.of("reason", "unreachable"))
              .exception();
        } else if (known == null) {
          return open(directory, create);
        } else if (!known.isStopping()) {
          return known;
        }
        ending = known;
      }
      ending.awaitStopped(); // else it would be found locked, by ourselves
    }
  }

  private static Gateway open(Path directory, boolean create) {
    Gateway gateway = Gateway.own(Store.open(directory, new StoreOptions(create, false, Limits.DEFAULT)));
    GATEWAYS.put(directory, gateway);
    if (!hooked) {
      hooked = true;
      Runtime.getRuntime().addShutdownHook(new Thread(InProcess::closeAll, "mortmain-exit"));
    }
    return gateway;
  }

  static void add(Gateway gateway) {
    synchronized (GATEWAYS) {
      if (GATEWAYS.putIfAbsent(place(gateway), gateway) != null) {
        throw new IllegalStateException("the store of " + gateway.store().directory() + " is shared already");
      }
    }
  }

  static void remove(Gateway gateway) {
    synchronized (GATEWAYS) {
      GATEWAYS.values().remove(gateway);
    }
  }

  private static void closeAll() {
    Gateway[] open;
    synchronized (GATEWAYS) {
      open = GATEWAYS.values().toArray(Gateway[]::new);
    }
    for (Gateway gateway : open) {
      gateway.shutdown();
    }
  }

  private static Path place(Gateway gateway) {
    try {
      return real(gateway.store().directory());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path real(Path directory) throws IOException {
    return directory.toRealPath();
  }
}
