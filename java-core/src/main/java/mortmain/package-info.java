/** mortmain: fenced commits for shared state. {@code Store} is the facade that a Java user touches. */
package mortmain;
