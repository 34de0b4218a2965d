package dev.varve.client;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a client reaches a store.
 *
 * @param endpoints members to start from; any one that answers is enough
 * @param tls certificates and key; null: plain text
 * @param timeout how long a data call may take in all, repeats included
 * @param statusTimeout once any member has answered, how long one may take to say who it is while
 *     the primary is looked for (before, {@code timeout} holds); also the longest single attempt of
 *     a read, so that a member that hangs does not use up the whole {@code timeout}
 */
public record ClientOptions(
    List<Address> endpoints, @Nullable TlsFiles tls, Duration timeout, Duration statusTimeout) {
  /** 10 seconds for a call, 2 for a member's status. */
  public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(10);

  private static final Duration DEFAULT_STATUS_TIMEOUT = Duration.ofSeconds(2);

  /** Refuses an empty list of endpoints and durations that are not positive. */
  public ClientOptions {
    endpoints = List.copyOf(endpoints);
    if (endpoints.isEmpty()) {
      throw new IllegalArgumentException("no endpoint to start from");
    }
    if (!timeout.isPositive() || !statusTimeout.isPositive()) {
      throw new IllegalArgumentException("timeouts must be positive");
    }
  }

  /** Plain text, default timeouts. */
  public static ClientOptions of(Address... endpoints) {
    return new ClientOptions(List.of(endpoints), null, DEFAULT_TIMEOUT, DEFAULT_STATUS_TIMEOUT);
  }

  /** The same with TLS, or without it when null. */
  public ClientOptions withTls(@Nullable TlsFiles files) {
    return new ClientOptions(endpoints, files, timeout, statusTimeout);
  }

  /** The same with another limit for a data call. */
  public ClientOptions withTimeout(Duration limit) {
    return new ClientOptions(endpoints, tls, limit, statusTimeout);
  }

  /** The same with another limit for a member's status. */
  public ClientOptions withStatusTimeout(Duration limit) {
    return new ClientOptions(endpoints, tls, timeout, limit);
  }
}
