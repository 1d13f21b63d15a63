/**
 * py4j's server, locked down: a stock client may connect, authenticate and call one method; our own clients upgrade to frames.
 *
 * <p>Nothing of py4j's reflection is reachable: its {@code GatewayServer} accepts connections, but each is served by
 * {@link mortmain.gateway.py4j.TextConnection}, which knows three methods by name and no object at all.
 */
package mortmain.gateway.py4j;
