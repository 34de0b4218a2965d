package dev.varve.client;

import dev.varve.protocol.v1.Mutation;
import java.util.List;

/**
 * What one committed batch changed in the keyspace, and under the prefix, that is watched.
 *
 * @param shard whose sequence it is
 * @param sequence of the batch; what another watch of the shard goes on after
 * @param mutations in the batch's order, puts with their value and expiry; never empty
 */
public record ChangeBatch(int shard, long sequence, List<Mutation> mutations) {
  /** Keeps a list that does not change. */
  public ChangeBatch {
    mutations = List.copyOf(mutations);
  }
}
