package dev.varve.bench.system;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.varve.bench.etcd.CompactionRequest;
import dev.varve.bench.etcd.KVGrpc;
import dev.varve.bench.etcd.MaintenanceGrpc;
import dev.varve.bench.etcd.RangeResponse;
import dev.varve.bench.etcd.ResponseHeader;
import dev.varve.bench.etcd.StatusResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The messages as etcd's servers read and write them, byte for byte. */
class EtcdWireTest {
  private static final byte[] KEY = "k".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] VALUE = "v".getBytes(StandardCharsets.US_ASCII);

  @Test
  void requestsHaveTheFieldNumbersOfEtcd() {
    assertArrayEquals(
        HexFormat.of().parseHex("0a016b120176"), EtcdClients.put(KEY, VALUE).toByteArray());
    // Nothing but the key: serializable (field 7) would make it a read of one member's own state.
    assertArrayEquals(
        HexFormat.of().parseHex("0a016b"), EtcdClients.linearizable(KEY).toByteArray());
    assertArrayEquals(
        HexFormat.of().parseHex("08e8071001"),
        CompactionRequest.newBuilder().setRevision(1000).setPhysical(true).build().toByteArray());
  }

  @Test
  void theValueIsFoundAmongFieldsThatAreNotReadHere() throws IOException {
    // header (cluster 1, member 2, revision 3, term 4), one pair with create_revision,
    // mod_revision, version and lease, and a count
    byte[] answer =
        HexFormat.of()
            .parseHex("0a080801100218032004" + "120e0a016b100218032002" + "2a01763000" + "2001");
    RangeResponse read = RangeResponse.parseFrom(answer);
    assertEquals(3, read.getHeader().getRevision());
    assertEquals("v", read.getKvs(0).getValue().toStringUtf8());
  }

  @Test
  void methodsAreThoseOfEtcd() {
    assertEquals("etcdserverpb.KV/Put", KVGrpc.getPutMethod().getFullMethodName());
    assertEquals("etcdserverpb.KV/Range", KVGrpc.getRangeMethod().getFullMethodName());
    assertEquals(
        "etcdserverpb.Maintenance/Defragment",
        MaintenanceGrpc.getDefragmentMethod().getFullMethodName());
  }

  @Test
  void theLeaderIsWhomAllMembersName() {
    assertEquals(1, EtcdSystem.leaderAmong(List.of(status(7, 8), status(8, 8), status(9, 8))));
    assertEquals(-1, EtcdSystem.leaderAmong(List.of(status(7, 8), status(8, 8), status(9, 0))));
    assertEquals(-1, EtcdSystem.leaderAmong(List.of(status(7, 0), status(8, 0), status(9, 0))));
  }

  private static StatusResponse status(long member, long leader) {
    return StatusResponse.newBuilder()
        .setHeader(ResponseHeader.newBuilder().setMemberId(member))
        .setLeader(leader)
        .build();
  }
}
