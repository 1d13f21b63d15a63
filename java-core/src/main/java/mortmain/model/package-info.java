/** The vocabulary as records and sealed types: no logic, no I/O. Every type here is immutable and safe to share between threads. */
package mortmain.model;
