/**
 * The port between the store and whatever keeps its state: files today, databases later. An engine runs a {@link
 * mortmain.fence.Rule} atomically and makes its events durable before the answer leaves.
 */
package mortmain.engine;
