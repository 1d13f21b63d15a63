/**
 * The gateway: one process per state directory that answers frames over py4j's server. Main, life cycle and discovery lie here;
 * what crosses the wire in {@code frame}, the locked server in {@code py4j}.
 */
package mortmain.gateway;
