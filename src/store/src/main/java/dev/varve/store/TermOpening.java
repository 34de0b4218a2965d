package dev.varve.store;

import dev.varve.store.manifest.Edit;
import dev.varve.store.manifest.Layout;
import dev.varve.store.manifest.ManifestState;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The first group of a term: the term's start, a new store's layout, missing keyspaces, and
 * segments to write to.
 */
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
    if (options.layout() == Layout.SINGLE_FILE
        && tail.appended().keyspaces().isEmpty()
        && tail.appended().layout() == Layout.SEGMENTED) {
      builder.stageEdit(new Edit.LayoutChosen(Layout.SINGLE_FILE), null);
    }
    boolean single = tail.appended().layout() == Layout.SINGLE_FILE;
    for (KeyspaceOptions wanted : options.keyspaces()) {
      long bytes = single ? KeyspaceOptions.SEGMENT_BYTES_MAX : wanted.segmentBytes();
      if (!tail.appended().keyspaces().containsKey(wanted.name())) {
        builder.stageEdit(new Edit.KeyspaceAdded(wanted.name(), wanted.type(), bytes), null);
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
