package mortmain.gateway.py4j;

import java.net.InetAddress;
import py4j.Gateway;
import py4j.GatewayServer;
import py4j.Py4JPythonClient;

/** The gateway never calls Python: py4j insists on an object for it, its own would start a thread. Immutable. */
final class NoCallbacks implements Py4JPythonClient {
  @Override
  public String sendCommand(String command) {
    throw new UnsupportedOperationException("no callbacks");
  }

  @Override
  public String sendCommand(String command, boolean blocking) {
    throw new UnsupportedOperationException("no callbacks");
  }

  @Override
  public void shutdown() {
    // nothing was opened
  }

  @Override
  public Py4JPythonClient copyWith(InetAddress pythonAddress, int pythonPort) {
    return this;
  }

  @Override
  public boolean isMemoryManagementEnabled() {
    return false;
  }

  @Override
  public int getPort() {
    return 0;
  }

  @Override
  public int getReadTimeout() {
    return 0;
  }

  @Override
  public InetAddress getAddress() {
    return GatewayServer.defaultAddress();
  }

  @Override
  @SuppressWarnings("rawtypes")
  public Object getPythonServerEntryPoint(Gateway gateway, Class[] interfacesToImplement) {
    throw new UnsupportedOperationException("no callbacks");
  }
}
