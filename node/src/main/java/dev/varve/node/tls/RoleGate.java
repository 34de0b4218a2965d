package dev.varve.node.tls;

import dev.varve.node.settings.TlsSettings;
import dev.varve.protocol.internal.v1.ReplicationGrpc;
import dev.varve.protocol.v1.AdminGrpc;
import dev.varve.protocol.v1.KeyValueGrpc;
import dev.varve.protocol.v1.StreamsGrpc;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Lets a call in when the caller's certificate has a role that it needs, else answers
 * PERMISSION_DENIED with the role and the certificate's names. What is not listed here needs admin.
 */
public final class RoleGate implements ServerInterceptor {
  private static final Set<CallerRole> ANY = EnumSet.allOf(CallerRole.class);
  private static final String REFLECTION =
      ProtoReflectionServiceV1.newInstance().bindService().getServiceDescriptor().getName();

  private final Set<String> adminNames;
  private final Set<String> memberNames;

  public RoleGate(TlsSettings settings) {
    this.adminNames = settings.adminNames();
    this.memberNames = settings.memberNames();
  }

  /** The roles of which a call needs one. */
  static Set<CallerRole> needed(MethodDescriptor<?, ?> method) {
    String service = String.valueOf(method.getServiceName());
    if (service.equals(HealthGrpc.SERVICE_NAME) || service.equals(REFLECTION)) {
      return ANY;
    }
    if (method.getFullMethodName().equals(AdminGrpc.getStatusMethod().getFullMethodName())) {
      return ANY; // every client finds the primary by it
    }
    return switch (service) {
      case KeyValueGrpc.SERVICE_NAME, StreamsGrpc.SERVICE_NAME ->
          EnumSet.of(CallerRole.DATA, CallerRole.ADMIN);
      case ReplicationGrpc.SERVICE_NAME -> EnumSet.of(CallerRole.MEMBER);
      default -> EnumSet.of(CallerRole.ADMIN);
    };
  }

  /** What a certificate with these names may do; a verified one without any of ours: data. */
  Set<CallerRole> roles(Set<String> names) {
    EnumSet<CallerRole> roles = EnumSet.noneOf(CallerRole.class);
    if (names.stream().anyMatch(adminNames::contains)) {
      roles.add(CallerRole.ADMIN);
    }
    if (names.stream().anyMatch(memberNames::contains)) {
      roles.add(CallerRole.MEMBER);
    }
    if (roles.isEmpty()) {
      roles.add(CallerRole.DATA);
    }
    return roles;
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    Set<String> names = call.getAttributes().get(CertificateNames.NAMES);
    Set<CallerRole> needed = needed(call.getMethodDescriptor());
    if (names != null && roles(names).stream().anyMatch(needed::contains)) {
      return next.startCall(call, headers);
    }
    call.close(
        Status.PERMISSION_DENIED.withDescription(
            "%s needs the role %s; the caller's certificate has the names %s"
                .formatted(
                    call.getMethodDescriptor().getFullMethodName(),
                    needed.stream()
                        .map(role -> role.name().toLowerCase(Locale.ROOT))
                        .collect(Collectors.joining(" or ")),
                    names == null ? Set.of() : names)),
        new Metadata());
    return new ServerCall.Listener<>() {};
  }
}
