package dev.varve.replication;

import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A network that loses, delays, reorders and doubles messages, and cuts links, each direction by
 * itself.
 */
final class SimulatedNetwork {
  private record Link(String from, String to) {}

  /** A request on its way. */
  record Sending(String from, String to, Request request) {}

  private final Simulation simulation;
  private final Map<String, Member> members = new HashMap<>();
  private final Set<Link> cut = new HashSet<>();
  private double loss;
  private double doubling;
  private double slow;
  private int imagesOpened;
  private Predicate<Sending> filter = sending -> true;
  private UnaryOperator<Response> tampering = UnaryOperator.identity();

  SimulatedNetwork(Simulation simulation) {
    this.simulation = simulation;
  }

  void unkind(double lossProbability, double doublingProbability, double slowProbability) {
    loss = lossProbability;
    doubling = doublingProbability;
    slow = slowProbability;
  }

  /** Sees every request, and loses those for which it says false. */
  void filter(Predicate<Sending> passes) {
    filter = passes;
  }

  /** Changes answers on their way. */
  void tamper(UnaryOperator<Response> with) {
    tampering = with;
  }

  int imagesOpened() {
    return imagesOpened;
  }

  void connect(String name, Member member) {
    members.put(name, member);
  }

  void disconnect(String name) {
    members.remove(name);
  }

  void cut(String from, String to) {
    cut.add(new Link(from, to));
  }

  void isolate(String name, Set<String> others) {
    for (String other : others) {
      if (!other.equals(name)) {
        cut(name, other);
        cut(other, name);
      }
    }
  }

  /** Mends the links between two, both ways. */
  void join(String one, String other) {
    cut.remove(new Link(one, other));
    cut.remove(new Link(other, one));
  }

  void heal() {
    cut.clear();
  }

  Transport transportOf(String from, Simulation.Machine machine) {
    return (to, request) -> {
      CompletableFuture<Response> answer = new CompletableFuture<>();
      if (!filter.test(new Sending(from, to, request))) {
        return answer;
      }
      int copies = simulation.chance(doubling) ? 2 : 1;
      for (int i = 0; i < copies; i++) {
        if (!passes(from, to)) {
          continue;
        }
        simulation.after(
            delay(),
            () -> {
              Member member = members.get(to);
              if (member == null) {
                reply(to, from, machine, answer, null);
                return;
              }
              imagesOpened += request instanceof Request.OpenImage ? 1 : 0;
              CompletableFuture<Response> _ =
                  member
                      .handle(request)
                      .whenComplete(
                          (response, failure) -> reply(to, from, machine, answer, response));
            });
      }
      return answer;
    };
  }

  private void reply(
      String from,
      String to,
      Simulation.Machine machine,
      CompletableFuture<Response> answer,
      @Nullable Response response) {
    if (!passes(from, to)) {
      return;
    }
    machine.at(
        simulation.nowNanos() + delay().toNanos(),
        () -> {
          if (response == null) {
            answer.completeExceptionally(new IOException(from + " is down"));
          } else {
            answer.complete(tampering.apply(response));
          }
        });
  }

  private boolean passes(String from, String to) {
    return !cut.contains(new Link(from, to)) && !simulation.chance(loss);
  }

  private Duration delay() {
    return simulation.chance(slow)
        ? simulation.between(1_000, 400_000)
        : simulation.between(100, 2_000);
  }
}
