package dev.varve.store;

import dev.varve.store.manifest.Edit;
import dev.varve.store.manifest.ManifestState;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** The first group of a term: the term's start, missing keyspaces, and segments to write to. */
final class TermOpening {
  private final LogTail tail;
  private final GroupBuilder builder;
  private final StoreOptions options;

  TermOpening(LogTail tail, GroupBuilder builder, StoreOptions options) {
    this.tail = tail;
    this.builder = builder;
    this.options = options;
  }

  void stage(long term) throws IOException {
    builder.stageEdit(new Edit.TermStarted(term), null);
    for (KeyspaceOptions wanted : options.keyspaces()) {
      if (!tail.appended().keyspaces().containsKey(wanted.name())) {
        builder.stageEdit(
            new Edit.KeyspaceAdded(wanted.name(), wanted.type(), wanted.segmentBytes()), null);
      }
    }
    List<String> inactive = new ArrayList<>();
    for (ManifestState.KeyspaceState keyspace : tail.appended().keyspaces().values()) {
      if (keyspace.active() == null) {
        inactive.add(keyspace.name());
      }
    }
    for (String keyspace : inactive) {
      builder.roll(keyspace, null);
    }
  }
}
