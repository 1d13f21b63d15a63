/** Python inside this JVM, through jep. Nothing else of mortmain needs jep, which need not be there. */
package mortmain.gateway.jep;
