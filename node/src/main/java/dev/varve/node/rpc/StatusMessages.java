package dev.varve.node.rpc;

import dev.varve.protocol.v1.Endpoint;
import dev.varve.protocol.v1.KeyspaceStatus;
import dev.varve.protocol.v1.ReplicaStatus;
import dev.varve.protocol.v1.Role;
import dev.varve.protocol.v1.StatusResponse;
import dev.varve.replication.MemberRole;
import dev.varve.replication.MemberStatus;
import dev.varve.store.Store;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What Status answers.
 *
 * @param address where clients reach this member, host:port; known once it listens
 * @param peers the members that are known from the start, name to address
 * @param version the software's
 */
public record StatusMessages(
    int shard, int shards, Supplier<String> address, Map<String, String> peers, String version) {

  StatusResponse message(MemberStatus status, @Nullable Store store, boolean remembersRequests) {
    String self = status.member().name();
    StatusResponse.Builder message =
        StatusResponse.newBuilder()
            .setMember(self)
            .setRole(role(status))
            .setShard(shard)
            .setShards(shards)
            .setTerm(status.term())
            .setLastSequence(status.lastSequence())
            .setCommittedSequence(status.committedSequence())
            .setRemembersRequests(remembersRequests)
            .setVersion(version);
    @Nullable String primary = status.primary();
    if (status.role() == MemberRole.PRIMARY) {
      message.setPrimary(address.get());
    } else if (status.primaryAddress() != null) {
      message.setPrimary(status.primaryAddress());
    }
    Map<String, String> members = new TreeMap<>(peers);
    members.putIfAbsent(self, address.get());
    members.forEach(
        (name, peerAddress) ->
            message.addTopology(
                Endpoint.newBuilder()
                    .setShard(shard)
                    .setMember(name)
                    .setAddress(peerAddress)
                    .setRole(
                        name.equals(self)
                            ? role(status)
                            : primary == null
                                ? Role.ROLE_UNSPECIFIED
                                : name.equals(primary) ? Role.ROLE_PRIMARY : Role.ROLE_REPLICA)));
    for (MemberStatus.ReplicaProgress replica : status.replicas()) {
      message.addReplicas(
          ReplicaStatus.newBuilder()
              .setMember(replica.member())
              .setAcknowledgedSequence(replica.acknowledgedSequence())
              .setLagMs(replica.lagMs())
              .setConnected(replica.connected()));
    }
    if (store != null) {
      store.status().keyspaces().forEach(keyspace -> message.addKeyspaces(message(keyspace)));
    }
    return message.build();
  }

  /** Where clients reach a member; this one itself if it is not among the peers. */
  String addressOf(String member) {
    return peers.getOrDefault(member, address.get());
  }

  private static KeyspaceStatus message(dev.varve.store.KeyspaceStatus keyspace) {
    return KeyspaceStatus.newBuilder()
        .setName(keyspace.name())
        .setLiveKeys(keyspace.liveKeys())
        .setLiveBytes(keyspace.liveBytes())
        .setTotalBytes(keyspace.totalBytes())
        .setDeadRatio(keyspace.deadRatio())
        .setSegments(keyspace.segments().size())
        .setRetiredSegments(keyspace.retiredSegments())
        .setIndexBytes(keyspace.indexBytes())
        .setLastCompactionMs(keyspace.lastCompactionMs())
        .build();
  }

  /** A primary that does not serve yet is still a candidate to its clients. */
  private static Role role(MemberStatus status) {
    return switch (status.role()) {
      case PRIMARY -> status.serving() ? Role.ROLE_PRIMARY : Role.ROLE_CANDIDATE;
      case REPLICA -> Role.ROLE_REPLICA;
      case CANDIDATE -> Role.ROLE_CANDIDATE;
    };
  }
}
