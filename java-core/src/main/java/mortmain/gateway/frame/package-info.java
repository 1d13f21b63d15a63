/**
 * Frames (docs/frames.md): bytes to requests, answers to bytes, and one method per operation between them.
 *
 * <p>Everything that comes in is untrusted and bounded: a bad frame is INVALID, and its connection stays usable as long as the
 * frame's boundary is known.
 */
package mortmain.gateway.frame;
