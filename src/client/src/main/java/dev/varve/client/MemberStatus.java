package dev.varve.client;

import dev.varve.protocol.v1.StatusResponse;
import org.jspecify.annotations.Nullable;

/**
 * What one member answered, or why it did not.
 *
 * @param member its name; the address where the name is not known
 * @param shard its shard; -1 where that is not known
 * @param address under which it was asked
 * @param status the answer; null when there was none
 * @param failure why there was none; null when there was one
 */
public record MemberStatus(
    String member,
    int shard,
    Address address,
    @Nullable StatusResponse status,
    @Nullable VarveException failure) {}
