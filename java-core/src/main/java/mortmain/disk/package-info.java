/**
 * What the journal needs from a file system, and nothing else, behind one port: {@link mortmain.disk.Disk}. The real one is
 * {@link mortmain.disk.RealDisk}; a recording twin that makes crash images and a failing twin live in the tests.
 */
package mortmain.disk;
