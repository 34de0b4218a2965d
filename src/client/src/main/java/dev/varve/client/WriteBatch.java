package dev.varve.client;

import dev.varve.protocol.v1.Mutation;
import java.util.List;

/**
 * Mutations that are applied together or not at all. All keys must be of one shard, each key at
 * most once, at most 10,000 mutations and 16 MiB.
 *
 * @param mutations in no order that matters
 * @param requestId chosen once when the batch is made: passing the same batch again lets the store
 *     see that it is the same
 */
public record WriteBatch(List<Mutation> mutations, long requestId) {
  /** Refuses an empty batch. */
  public WriteBatch {
    mutations = List.copyOf(mutations);
    if (mutations.isEmpty()) {
      throw new IllegalArgumentException("a batch needs a mutation");
    }
  }
}
