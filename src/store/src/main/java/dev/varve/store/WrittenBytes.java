package dev.varve.store;

/**
 * What was written since the store was opened, for what its users wanted written.
 *
 * @param byUsers key and value bytes of committed puts, deletes and stream entries
 * @param toDisk bytes handed to files: records, hints, what compactions copied with their run
 *     lists; of a whole store also the manifest, marks and events
 */
public record WrittenBytes(long byUsers, long toDisk) {

  /** The write amplification, toDisk ÷ byUsers; 0 while users wrote nothing. */
  public double amplification() {
    return byUsers == 0 ? 0 : (double) toDisk / byUsers;
  }
}
