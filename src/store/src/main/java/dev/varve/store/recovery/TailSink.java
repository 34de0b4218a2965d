package dev.varve.store.recovery;

import dev.varve.store.manifest.RecordedEdit;
import java.io.IOException;
import java.util.List;

/** Takes what recovery finds in the tail of the log, in the order of sequences. */
public interface TailSink {
  /** The records of one sequence in these segments, in the order of their files. */
  void batch(long sequence, long term, List<TailRecord> records) throws IOException;

  /** An edit, and where in the manifest's file its record is. */
  void edit(RecordedEdit edit, long offset, int length) throws IOException;
}
