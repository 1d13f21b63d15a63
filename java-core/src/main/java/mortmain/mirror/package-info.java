/**
 * Mirrored documents: each key below a mounted prefix is a plain file too, which only the coordinator renames, in version order, after the
 * commit is durable and (unless told otherwise) before it is acknowledged. What somebody else writes into such a file is noticed, never
 * overwritten, and can be adopted. The guards of {@code specs/tla/Mirror.tla} are the methods of {@link mortmain.mirror.Rules}.
 */
package mortmain.mirror;
