package dev.varve.cli;

import java.io.InputStream;
import java.io.PrintStream;
import java.util.Map;

/**
 * What a run of the command gets from outside.
 *
 * @param in stdin
 * @param out stdout, in UTF-8
 * @param err stderr, in UTF-8
 * @param environment the environment variables
 * @param outIsTerminal whether a person reads stdout as it comes
 * @param errIsTerminal whether a person reads stderr as it comes: progress is then one line that is
 *     drawn over
 * @param cancellation how the run is ended early
 */
record Invocation(
    InputStream in,
    PrintStream out,
    PrintStream err,
    Map<String, String> environment,
    boolean outIsTerminal,
    boolean errIsTerminal,
    Cancellation cancellation) {

  String environment(String name, String otherwise) {
    String value = environment.get(name);
    return value == null || value.isEmpty() ? otherwise : value;
  }
}
