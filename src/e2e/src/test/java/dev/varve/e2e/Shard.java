package dev.varve.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.protocol.v1.AdminGrpc;
import dev.varve.protocol.v1.Role;
import dev.varve.protocol.v1.StatusResponse;
import dev.varve.protocol.v1.StepDownRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** What the members of a shard say of themselves. They are asked directly, not over Kubernetes. */
final class Shard implements AutoCloseable {
  private final ShardClient client;
  private final int members;

  Shard(List<Cluster.HostAndPort> members) {
    this.client = new ShardClient(members, Duration.ZERO);
    this.members = members.size();
  }

  /**
   * Returns when there is one primary, the others follow it, and each has what the primary had.
   *
   * @return which one is the primary
   */
  int awaitLevel(String when, long deadlineSeconds) {
    int[] primary = new int[1];
    Await.until(
        "all members follow one primary and have what it has, " + when,
        deadlineSeconds,
        () -> primary[0] = assertLevel());
    return primary[0];
  }

  private int assertLevel() {
    List<StatusResponse> statuses = new ArrayList<>();
    int primary = -1;
    for (int member = 0; member < members; member++) {
      Optional<StatusResponse> status = client.status(member);
      assertThat(status).as("member %d answers", member).isPresent();
      statuses.add(status.get());
      if (status.get().getRole() == Role.ROLE_PRIMARY) {
        assertThat(primary).as("another primary than %d", member).isEqualTo(-1);
        primary = member;
      }
    }
    assertThat(primary).as("no primary in %s", statuses).isNotEqualTo(-1);
    StatusResponse leading = statuses.get(primary);
    for (int member = 0; member < members; member++) {
      StatusResponse now = client.status(member).orElseThrow(() -> new AssertionError("gone"));
      assertThat(now.getTerm()).as("term of member %d", member).isEqualTo(leading.getTerm());
      assertThat(now.getLastSequence())
          .as("log of member %d", member)
          .isGreaterThanOrEqualTo(leading.getLastSequence());
    }
    return primary;
  }

  /** Returns when another member than this one says that it leads, in a later term. */
  void awaitAnotherThan(int member, long term) {
    Await.until(
        "another member than %d leads in a term after %d".formatted(member, term),
        60,
        () -> {
          boolean found = false;
          for (int other = 0; other < members; other++) {
            found |=
                other != member
                    && client
                        .status(other)
                        .filter(s -> s.getRole() == Role.ROLE_PRIMARY && s.getTerm() > term)
                        .isPresent();
          }
          assertThat(found).isTrue();
        });
  }

  /** Returns when all members say that a repeated request is applied once. */
  void awaitRequestsRemembered() {
    Await.until(
        "requests are remembered",
        60,
        () -> {
          for (int member = 0; member < members; member++) {
            assertThat(client.status(member).map(StatusResponse::getRemembersRequests))
                .as("member %d", member)
                .contains(true);
          }
        });
  }

  /** The highest term that a member knows. */
  long term(int member) {
    return client.status(member).orElseThrow().getTerm();
  }

  /** Has the primary hand over to another member, and returns when that one leads. */
  void stepDown(int primary, String successor) {
    AdminGrpc.newBlockingStub(client.channel(primary))
        .withDeadlineAfter(30, TimeUnit.SECONDS)
        .stepDown(StepDownRequest.newBuilder().setToMember(successor).build());
  }

  @Override
  public void close() {
    client.close();
  }
}
