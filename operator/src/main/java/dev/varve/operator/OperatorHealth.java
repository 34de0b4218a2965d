package dev.varve.operator;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;
import org.eclipse.microprofile.health.Readiness;
import org.eclipse.microprofile.health.Startup;

/** Health of the operator's process. A standby is as ready as the leader. */
@ApplicationScoped
public class OperatorHealth {

  private final OperatorProcess process;

  OperatorHealth(OperatorProcess process) {
    this.process = process;
  }

  @Produces
  @Startup
  @ApplicationScoped
  HealthCheck startup() {
    return () -> HealthCheckResponse.named("controllers").status(process.started()).build();
  }

  @Produces
  @Readiness
  @ApplicationScoped
  HealthCheck readiness() {
    return () -> HealthCheckResponse.named("caches").status(process.healthy()).build();
  }

  @Produces
  @Liveness
  @ApplicationScoped
  HealthCheck liveness() {
    return () -> HealthCheckResponse.named("controllers").status(process.started()).build();
  }
}
