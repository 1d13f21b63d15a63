/**
 * The rules of the fenced commit protocol, pure: a {@link mortmain.fence.View} of the state goes in, a sealed {@link
 * mortmain.fence.Verdict} with events or a rejection comes out. Nothing here does I/O, reads a clock or throws; whatever keeps the
 * state runs these rules atomically. Each public method of {@link mortmain.fence.Fence} is one action of the specification, each
 * method of {@link mortmain.fence.Guards} one guard.
 */
package mortmain.fence;
