import io.spiffe.bundle.x509bundle.X509BundleSet;
import io.spiffe.provider.SpiffeSslContextFactory;
import io.spiffe.provider.SpiffeSslContextFactory.SslContextOptions;
import io.spiffe.spiffeid.TrustDomain;
import io.spiffe.svid.jwtsvid.JwtSvid;
import io.spiffe.workloadapi.DefaultWorkloadApiClient;
import io.spiffe.workloadapi.DefaultWorkloadApiClient.ClientOptions;
import io.spiffe.workloadapi.DefaultX509Source;
import io.spiffe.workloadapi.DefaultX509Source.X509SourceOptions;
import io.spiffe.workloadapi.Watcher;
import io.spiffe.workloadapi.WorkloadApiClient;
import io.spiffe.workloadapi.X509Context;
import io.spiffe.workloadapi.X509Source;
import java.io.InputStream;
import java.io.OutputStream;
import java.math.BigInteger;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;

/** java-spiffe against a SPIFFE Workload API: Interop SOCKET fetch | watch SECONDS | serve | dial PORT | jwt AUDIENCE | federated TOKEN. */
public final class Interop {
  private static final TrustDomain TRUST_DOMAIN = TrustDomain.parse("cluster.local");

  /** The libraries leave threads behind: a failure must end the process, too. */
  public static void main(String[] words) {
    try {
      System.out.println(run(words));
      System.exit(0);
    } catch (Exception failure) {
      failure.printStackTrace();
      System.exit(1);
    }
  }

  private static String run(String[] words) throws Exception {
    String endpoint = "unix:" + words[0];
    WorkloadApiClient client = DefaultWorkloadApiClient.newClient(ClientOptions.builder().spiffeSocketPath(endpoint).build());
    return switch (words[1]) {
      case "fetch" -> fetch(client);
      case "watch" -> watch(client, Long.parseLong(words[2]));
      case "serve" -> serve(tls(endpoint));
      case "dial" -> dial(tls(endpoint), Integer.parseInt(words[2]));
      case "jwt" -> jwt(client, words[2]);
      case "federated" -> federated(client, words[2]);
      default -> throw new IllegalArgumentException("no verb " + words[1]);
    };
  }

  private static String fetch(WorkloadApiClient client) throws Exception {
    X509Context context = client.fetchX509Context();
    X509BundleSet bundles = client.fetchX509Bundles();
    int roots = bundles.getBundleForTrustDomain(TRUST_DOMAIN).getX509Authorities().size();
    return "{\"spiffeId\":\"" + context.getDefaultSvid().getSpiffeId() + "\",\"roots\":" + roots + "}";
  }

  private static String watch(WorkloadApiClient client, long seconds) throws Exception {
    Set<BigInteger> serials = ConcurrentHashMap.newKeySet();
    CountDownLatch renewed = new CountDownLatch(1);
    client.watchX509Context(new Watcher<>() {
      @Override
      public void onUpdate(X509Context update) {
        serials.add(update.getDefaultSvid().getLeaf().getSerialNumber());
        if (serials.size() == 2) renewed.countDown();
      }

      @Override
      public void onError(Throwable error) {
        System.err.println(error);
      }
    });
    if (!renewed.await(seconds, TimeUnit.SECONDS)) throw new IllegalStateException(serials.size() + " certificates in " + seconds + " s");
    return "{\"certificates\":2}";
  }

  private static SSLContext tls(String endpoint) throws Exception {
    X509Source source = DefaultX509Source.newSource(X509SourceOptions.builder().spiffeSocketPath(endpoint).build());
    return SpiffeSslContextFactory.getSslContext(SslContextOptions.builder().x509Source(source).acceptAnySpiffeId().build());
  }

  private static String serve(SSLContext tls) throws Exception {
    SSLServerSocket listener = (SSLServerSocket) tls.getServerSocketFactory().createServerSocket(0, 16, InetAddress.getLoopbackAddress());
    listener.setNeedClientAuth(true);
    System.out.println(listener.getLocalPort());
    while (true) {
      SSLSocket connection = (SSLSocket) listener.accept();
      new Thread(() -> {
        try (connection; InputStream in = connection.getInputStream(); OutputStream out = connection.getOutputStream()) {
          in.transferTo(out);
        } catch (Exception refused) {
          System.err.println(refused);
        }
      }).start();
    }
  }

  private static String dial(SSLContext tls, int port) throws Exception {
    try (SSLSocket connection = (SSLSocket) tls.getSocketFactory().createSocket(InetAddress.getLoopbackAddress(), port)) {
      connection.getOutputStream().write("ping\n".getBytes());
      byte[] answer = connection.getInputStream().readNBytes(5);
      if (!Arrays.equals(answer, "ping\n".getBytes())) throw new IllegalStateException("got " + new String(answer));
      return "{\"dialled\":true}";
    }
  }

  private static String jwt(WorkloadApiClient client, String audience) throws Exception {
    JwtSvid svid = client.fetchJwtSvid(audience);
    JwtSvid.parseAndValidate(svid.getToken(), client.fetchJwtBundles(), Set.of(audience));
    client.validateJwtSvid(svid.getToken(), audience);
    try {
      client.validateJwtSvid(svid.getToken(), "somebody-else");
    } catch (Exception refused) {
      return "{\"spiffeId\":\"" + svid.getSpiffeId() + "\"}";
    }
    throw new IllegalStateException("a wrong audience passes");
  }

  /** Validates another trust domain's JWT-SVID for "shop", and counts that trust domain's roots. */
  private static String federated(WorkloadApiClient client, String token) throws Exception {
    JwtSvid svid = JwtSvid.parseAndValidate(token, client.fetchJwtBundles(), Set.of("shop"));
    X509BundleSet bundles = client.fetchX509Bundles();
    int roots = bundles.getBundleForTrustDomain(svid.getSpiffeId().getTrustDomain()).getX509Authorities().size();
    return svid.getSpiffeId() + " by " + roots + " of " + bundles.getBundles().size() + " bundles";
  }
}
