package dev.varve.node.tls;

import static org.junit.jupiter.api.Assertions.assertNull;

import io.grpc.Attributes;
import io.grpc.Grpc;
import java.lang.reflect.Proxy;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.junit.jupiter.api.Test;

/** Who shows no certificate that was verified has no names, and so not even the role of data. */
class CertificateNamesTest {
  private static SSLSession unverified() {
    return (SSLSession)
        Proxy.newProxyInstance(
            CertificateNamesTest.class.getClassLoader(),
            new Class<?>[] {SSLSession.class},
            (proxy, method, arguments) -> {
              throw new SSLPeerUnverifiedException("nobody");
            });
  }

  @Test
  void aConnectionInPlainTextHasNone() {
    assertNull(new CertificateNames().transportReady(Attributes.EMPTY).get(CertificateNames.NAMES));
  }

  /**
   * Guard: no set at all, for which {@link RoleGate} finds no role; an empty one is of a caller.
   */
  @Test
  void aCallerWhoWasNotVerifiedHasNone() {
    Attributes attributes =
        Attributes.newBuilder().set(Grpc.TRANSPORT_ATTR_SSL_SESSION, unverified()).build();
    assertNull(new CertificateNames().transportReady(attributes).get(CertificateNames.NAMES));
  }
}
