package dev.varve.client;

import dev.varve.protocol.v1.Mutation;
import java.util.List;

/**
 * Mutations that are applied together or not at all. All keys must be of one shard, each key at
 * most once, at most 10,000 mutations and 16 MiB. Made by {@link VarveClient#batch}; written again,
 * by the same client, it is the same request and applied once.
 */
public final class WriteBatch {
  private final List<Mutation> mutations;
  private final long requestId;
  private final SentRequest sent = new SentRequest();

  /** Refuses an empty batch. */
  WriteBatch(List<Mutation> mutations, long requestId) {
    this.mutations = List.copyOf(mutations);
    this.requestId = requestId;
    if (mutations.isEmpty()) {
      throw new IllegalArgumentException("a batch needs a mutation");
    }
  }

  /** In the order in which they are sent. */
  public List<Mutation> mutations() {
    return mutations;
  }

  /** Chosen once, when the batch was made. */
  public long requestId() {
    return requestId;
  }

  SentRequest sent() {
    return sent;
  }
}
