package dev.varve.e2e;

import java.util.List;

/** What a command printed, and how it ended. */
record Output(List<String> command, int exitCode, String stdout, String stderr) {

  /**
   * This output's standard output.
   *
   * @throws AssertionError with all of the output if the command did not exit with 0
   */
  String orFail() {
    if (exitCode != 0) {
      throw new AssertionError(
          "%s exited with %d%n%s%s".formatted(String.join(" ", command), exitCode, stdout, stderr));
    }
    return stdout;
  }

  /** Standard output and standard error together, as a person at a terminal sees them. */
  String all() {
    return stdout + stderr;
  }
}
