package dev.varve.client;

import dev.varve.protocol.v1.Endpoint;
import dev.varve.protocol.v1.Role;
import dev.varve.protocol.v1.StatusResponse;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What is known of the store's members; a value that grows with every answer.
 *
 * @param shards how many shards the store has; 0 while no member has answered
 * @param members every address known, the ones to start from first
 * @param replicas by shard, the members that answer reads which allow staleness
 * @param primaries by shard, the primary that is believed in
 */
record Topology(
    int shards,
    Set<Address> members,
    Map<Integer, List<Address>> replicas,
    Map<Integer, Primary> primaries) {

  /**
   * A shard's primary.
   *
   * @param term in which it said so, or was named
   */
  record Primary(Address address, long term) {}

  static Topology of(List<Address> endpoints) {
    return new Topology(0, new LinkedHashSet<>(endpoints), Map.of(), Map.of());
  }

  Optional<Primary> primary(int shard) {
    return Optional.ofNullable(primaries.get(shard));
  }

  /** With what the member at {@code from} said. */
  Topology learn(Address from, StatusResponse status) {
    Set<Address> known = new LinkedHashSet<>(members);
    Map<Integer, List<Address>> byShard = new HashMap<>();
    for (Endpoint endpoint : status.getTopologyList()) {
      address(endpoint.getAddress())
          .ifPresent(
              address -> {
                known.add(address);
                byShard
                    .computeIfAbsent(endpoint.getShard(), s -> new java.util.ArrayList<>())
                    .add(address);
              });
    }
    address(status.getPrimary()).ifPresent(known::add);
    Topology next =
        new Topology(
            Math.max(1, status.getShards()),
            known,
            byShard.isEmpty() ? replicas : Map.copyOf(byShard),
            primaries);
    return status.getRole() == Role.ROLE_PRIMARY
        ? next.withPrimary(status.getShard(), from, status.getTerm())
        : next;
  }

  /** Believes in a primary, unless another of a higher term is known already. */
  Topology withPrimary(int shard, Address address, long term) {
    Primary known = primaries.get(shard);
    if (known != null && Long.compareUnsigned(known.term(), term) > 0) {
      return this;
    }
    Map<Integer, Primary> next = new HashMap<>(primaries);
    next.put(shard, new Primary(address, term));
    return new Topology(shards, members, replicas, Map.copyOf(next));
  }

  /** No longer believes that {@code address} is the shard's primary. */
  Topology without(int shard, Address address) {
    Primary known = primaries.get(shard);
    if (known == null || !known.address().equals(address)) {
      return this;
    }
    Map<Integer, Primary> next = new HashMap<>(primaries);
    next.remove(shard);
    return new Topology(shards, members, replicas, Map.copyOf(next));
  }

  /** The address in a member's answer; empty for a bare name or nothing. */
  static Optional<Address> address(String text) {
    if (text.indexOf(':') < 0) {
      return Optional.empty();
    }
    try {
      return Optional.of(Address.parse(text));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
