package dev.varve.cli;

import picocli.CommandLine.Option;

/** Which keyspace a data command is about. */
final class KeyspaceOption {
  @Option(names = "--keyspace", paramLabel = "K", description = "The keyspace. Default: main")
  private String keyspace = "";

  /** As the protocol has it: empty for main. */
  String name() {
    return keyspace;
  }
}
