package dev.varve.operator;

import dev.varve.crds.CompactionPolicy;
import dev.varve.crds.StoreCluster;
import dev.varve.operator.apply.ClusterApplier;
import dev.varve.operator.apply.KubernetesPolicyTarget;
import dev.varve.operator.apply.Leadership;
import dev.varve.operator.apply.PolicyApplier;
import dev.varve.operator.member.GrpcMembers;
import dev.varve.operator.observe.AppliedObjects;
import dev.varve.operator.observe.ClusterObserver;
import dev.varve.operator.observe.KubernetesPolicySource;
import dev.varve.operator.observe.PolicyObserver;
import dev.varve.operator.plan.ClusterPlanner;
import dev.varve.operator.plan.ClusterStatusBuilder;
import dev.varve.operator.plan.PolicyPlanner;
import dev.varve.operator.resource.Labels;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.api.config.ConfigurationServiceOverrider;
import io.javaoperatorsdk.operator.api.config.ControllerConfigurationOverrider;
import io.javaoperatorsdk.operator.api.config.LeaderElectionConfigurationBuilder;
import io.javaoperatorsdk.operator.processing.event.rate.LinearRateLimiter;
import io.javaoperatorsdk.operator.processing.retry.GenericRetry;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Starts and stops everything in this process, and ends it when another operator leads. */
@ApplicationScoped
public class OperatorProcess {

  private static final Logger LOG = Logger.getLogger(OperatorProcess.class);

  /** A member answers from memory; one that takes longer counts as silent. */
  private static final Duration MEMBER_DEADLINE = Duration.ofSeconds(2);

  private final OperatorSettings settings;
  private final MeterRegistry meters;
  private final Leadership leadership = new Leadership();
  private final AtomicReference<@Nullable Running> running = new AtomicReference<>();
  private volatile boolean stopping;

  private record Running(
      Operator operator, KubernetesClient client, GrpcMembers members, ExecutorService calls) {}

  OperatorProcess(OperatorSettings settings, MeterRegistry meters) {
    this.settings = settings;
    this.meters = meters;
  }

  void start(@Observes StartupEvent event) {
    Clock clock = Clock.systemUTC();
    KubernetesClient client = new KubernetesClientBuilder().build();
    var members = new GrpcMembers(MEMBER_DEADLINE);
    ExecutorService calls = Executors.newVirtualThreadPerTaskExecutor();
    String instance = Optional.ofNullable(System.getenv("HOSTNAME")).orElse("varve-operator");
    var operator = new Operator(overrider -> configure(overrider, client, instance));
    running.set(new Running(operator, client, members, calls));

    var applied = new AppliedObjects();
    operator.register(
        new StoreClusterReconciler(
            new ClusterObserver(client, members, applied, calls, clock, settings.nodeImage()),
            new ClusterPlanner(new ClusterStatusBuilder()),
            new ClusterApplier(client, applied, leadership),
            leadership,
            applied),
        (ControllerConfigurationOverrider<StoreCluster> configuration) ->
            common(configuration).withOnUpdateFilter(StoreClusterReconciler::worthALook));
    var metrics = new CompactionMetrics(meters, clock);
    operator.register(
        new CompactionPolicyReconciler(
            new PolicyObserver(
                new KubernetesPolicySource(client), members, calls, clock, settings.nodeImage()),
            new PolicyPlanner(),
            new PolicyApplier(
                new KubernetesPolicyTarget(client, clock, instance), leadership, metrics),
            leadership,
            metrics,
            clock),
        (ControllerConfigurationOverrider<CompactionPolicy> configuration) ->
            common(configuration).withOnUpdateFilter(CompactionPolicyReconciler::worthALook));
    if (!settings.leaderElection()) {
      leadership.gained();
    }
    operator.start();
    LOG.infof(
        "varve operator started: namespaces=%s nodeImage=%s leaderElection=%s",
        settings.namespaces().map(Object::toString).orElse("all"),
        settings.nodeImage(),
        settings.leaderElection());
  }

  void stop(@Observes ShutdownEvent event) {
    stopping = true;
    leadership.lost();
    Running was = running.getAndSet(null);
    if (was != null) {
      was.operator().stop();
      was.members().close();
      was.calls().shutdownNow();
      was.client().close();
      LOG.info("varve operator stopped");
    }
  }

  /** Whether caches follow the API server. */
  boolean healthy() {
    Running now = running.get();
    return now != null && now.operator().getRuntimeInfo().allEventSourcesAreHealthy();
  }

  /** Whether this process has started everything, leading or standing by. */
  boolean started() {
    Running now = running.get();
    return now != null && now.operator().getRuntimeInfo().isStarted();
  }

  private void configure(
      ConfigurationServiceOverrider overrider, KubernetesClient client, String instance) {
    overrider
        .withKubernetesClient(client)
        .withCloseClientOnStop(false)
        .checkingCRDAndValidateLocalModel(false)
        .withUseSSAToPatchPrimaryResource(false)
        .withStopOnInformerErrorDuringStartup(false)
        .withReconciliationTerminationTimeout(Duration.ofSeconds(5))
        .withExecutorService(Executors.newVirtualThreadPerTaskExecutor());
    if (settings.leaderElection()) {
      overrider.withLeaderElectionConfiguration(
          LeaderElectionConfigurationBuilder.aLeaderElectionConfiguration("varve-operator")
              .withLeaseNamespace(Optional.ofNullable(client.getNamespace()).orElse("default"))
              .withIdentity(instance)
              // A busy control plane answers late; a standby that waits longer costs little.
              .withLeaseDuration(Duration.ofSeconds(25))
              .withRenewDeadline(Duration.ofSeconds(20))
              .withRetryPeriod(Duration.ofSeconds(3))
              .withLeaderCallbacks(
                  new LeaderCallbacks(
                      leadership::gained,
                      this::stoppedLeading,
                      leader -> LOG.infof("leader=%s", leader)))
              .withExitOnStopLeading(false)
              .build());
    }
  }

  /** A process that lost its Lease does nothing more: it ends, and is started anew as a standby. */
  private void stoppedLeading() {
    leadership.lost();
    if (!stopping) {
      LOG.error("another operator leads now; this process ends");
      Quarkus.asyncExit(1);
    }
  }

  private <T extends HasMetadata> ControllerConfigurationOverrider<T> common(
      ControllerConfigurationOverrider<T> configuration) {
    settings.namespaces().ifPresent(names -> configuration.settingNamespaces(Set.copyOf(names)));
    return configuration
        .withFieldManager(Labels.OPERATOR)
        // Our own filters decide: generation alone would miss the run-now annotation.
        .withGenerationAware(false)
        // Status is written within a reconciliation, so this bounds how often it is written.
        .withRateLimiter(new LinearRateLimiter(Duration.ofSeconds(1), 1))
        .withRetry(
            new GenericRetry()
                .setInitialInterval(Duration.ofSeconds(1))
                .setIntervalMultiplier(2)
                .setMaxInterval(Duration.ofSeconds(30).toMillis())
                .withoutMaxAttempts());
  }
}
