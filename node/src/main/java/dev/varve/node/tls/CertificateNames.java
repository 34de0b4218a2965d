package dev.varve.node.tls;

import io.grpc.Attributes;
import io.grpc.Grpc;
import io.grpc.ServerTransportFilter;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Reads the names in the caller's certificate once a connection: common names of its subject and
 * DNS names among the alternatives. A connection without a verified certificate has no names, and
 * its calls no role.
 */
public final class CertificateNames extends ServerTransportFilter {
  /** Of a connection, and so of its calls. */
  static final Attributes.Key<Set<String>> NAMES = Attributes.Key.create("certificate-names");

  private static final Logger LOG = Logger.getLogger(CertificateNames.class);
  private static final int DNS_NAME = 2;

  @Override
  public Attributes transportReady(Attributes attributes) {
    SSLSession session = attributes.get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
    @Nullable Set<String> names = session == null ? null : ofPeer(session);
    return names == null ? attributes : attributes.toBuilder().set(NAMES, names).build();
  }

  /** Null where there is no certificate whose names are certain: not even the role of data. */
  private static @Nullable Set<String> ofPeer(SSLSession session) {
    try {
      return session.getPeerCertificates()[0] instanceof X509Certificate certificate
          ? of(certificate)
          : null;
    } catch (SSLPeerUnverifiedException e) {
      return null;
    } catch (InvalidNameException | CertificateParsingException e) {
      LOG.warnf("a caller's certificate has names that cannot be read, so no role: %s", e);
      return null;
    }
  }

  static Set<String> of(X509Certificate certificate)
      throws InvalidNameException, CertificateParsingException {
    Set<String> names = new TreeSet<>();
    for (Rdn part : new LdapName(certificate.getSubjectX500Principal().getName()).getRdns()) {
      if (part.getType().equalsIgnoreCase("CN") && part.getValue() instanceof String name) {
        names.add(name);
      }
    }
    Collection<List<?>> alternatives = certificate.getSubjectAlternativeNames();
    if (alternatives != null) {
      for (List<?> alternative : alternatives) {
        if (alternative.get(0) instanceof Integer kind
            && kind == DNS_NAME
            && alternative.get(1) instanceof String name) {
          names.add(name);
        }
      }
    }
    return names;
  }
}
