package dev.varve.e2e;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestWatcher;

/**
 * Gives tests the one {@link Cluster} of the run, which ends with the run, and keeps what the
 * cluster knew when a test failed.
 */
final class ClusterExtension implements ParameterResolver, TestWatcher, AfterAllCallback {
  private static final ExtensionContext.Namespace STORE =
      ExtensionContext.Namespace.create(ClusterExtension.class);

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.getParameter().getType() == Cluster.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    return context
        .getRoot()
        .getStore(STORE)
        .computeIfAbsent(Cluster.class, key -> Cluster.start(), Cluster.class);
  }

  @Override
  public void testFailed(ExtensionContext context, @Nullable Throwable cause) {
    diagnose(
        context,
        context.getRequiredTestClass().getSimpleName()
            + "-"
            + context.getRequiredTestMethod().getName());
  }

  /** Failures of {@code @BeforeAll} methods, which no test reports. */
  @Override
  public void afterAll(ExtensionContext context) {
    if (context.getExecutionException().isPresent()) {
      diagnose(context, context.getRequiredTestClass().getSimpleName());
    }
  }

  private static void diagnose(ExtensionContext context, String test) {
    Cluster cluster = context.getRoot().getStore(STORE).get(Cluster.class, Cluster.class);
    if (cluster != null) {
      new Diagnosis(cluster).write(test);
    }
  }
}
