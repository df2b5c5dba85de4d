import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jose.util.DefaultResourceRetriever;
import com.nimbusds.jose.util.JSONObjectUtils;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;

/**
 * Verifies tokens as an OIDC client does that knows nothing but an issuer: nimbus-jose-jwt with the cache of its defaults.
 * Oidc ISSUER AUDIENCE ROOTS.pem reads a token a line; prints "ok SUBJECT" or "FAIL reason" a line.
 */
public final class Oidc {
  /** Instead of half a second, which a busy machine may need for a handshake. */
  private static final int TIMEOUT_MS = 20_000;

  public static void main(String[] words) throws Exception {
    DefaultJWTProcessor<SecurityContext> processor = processor(words[0], words[1], believing(words[2]));
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String token = lines.readLine(); token != null; token = lines.readLine()) {
      try {
        System.out.println("ok " + processor.process(token, null).getSubject());
      } catch (Exception refused) {
        System.out.println("FAIL " + refused);
      }
    }
    System.exit(0);
  }

  private static DefaultJWTProcessor<SecurityContext> processor(String issuer, String audience, SSLSocketFactory tls)
      throws Exception {
    DefaultResourceRetriever retriever =
        new DefaultResourceRetriever(TIMEOUT_MS, TIMEOUT_MS, JWKSourceBuilder.DEFAULT_HTTP_SIZE_LIMIT, true, tls);
    Map<String, Object> discovery = JSONObjectUtils.parse(
        retriever.retrieveResource(URI.create(issuer + "/.well-known/openid-configuration").toURL()).getContent());
    JWKSource<SecurityContext> keys = JWKSourceBuilder
        .create(JSONObjectUtils.getURI(discovery, "jwks_uri").toURL(), retriever).build();
    Set<JWSAlgorithm> algorithms = JSONObjectUtils.getStringList(discovery, "id_token_signing_alg_values_supported")
        .stream().map(JWSAlgorithm::parse).collect(Collectors.toSet());
    DefaultJWTProcessor<SecurityContext> processor = new DefaultJWTProcessor<>();
    processor.setJWSKeySelector(new JWSVerificationKeySelector<>(algorithms, keys));
    JWTClaimsSet exact = new JWTClaimsSet.Builder().issuer(issuer).build();
    processor.setJWTClaimsSetVerifier(new DefaultJWTClaimsVerifier<>(audience, exact, Set.of("sub", "exp")));
    return processor;
  }

  private static SSLSocketFactory believing(String roots) throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    try (InputStream pem = new FileInputStream(roots)) {
      for (Certificate root : CertificateFactory.getInstance("X.509").generateCertificates(pem)) {
        store.setCertificateEntry("root" + store.size(), root);
      }
    }
    TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context.getSocketFactory();
  }
}
