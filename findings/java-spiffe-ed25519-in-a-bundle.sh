#!/bin/sh
# java-spiffe-core 0.8.11 (Maven, io.spiffe), on Java 17: JwtBundle.parse() of a bundle with an Ed25519 key (RFC 8037) beside others ends in an
# IllegalArgumentException, though the method declares JwtBundleException, and a key of a wholly unknown type is passed over as RFC 7517, section 5
# asks. What reads bundles of other trust domains and catches the declared exception is ended by one key that another domain added.
# Seen: `unknown type: 1 authority`, `Ed25519: IllegalArgumentException: Unsupported JWT family algorithm: OKP`.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat > pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>one</groupId><artifactId>one</artifactId><version>1</version>
  <dependencies><dependency><groupId>io.spiffe</groupId><artifactId>java-spiffe-core</artifactId><version>0.8.11</version></dependency></dependencies>
</project>
XML
mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:build-classpath -Dmdep.outputFile=classpath > log 2>&1 || { tail -5 log; exit 1; }
cat > One.java <<'JAVA'
import io.spiffe.bundle.jwtbundle.JwtBundle;
import io.spiffe.exception.JwtBundleException;
import io.spiffe.spiffeid.TrustDomain;

public class One {
  static final String KNOWN = "{'kty':'EC','crv':'P-256','use':'jwt-svid','kid':'a',"
      + "'x':'owgN_ExajTdSZIz1tGP9exu3Fp23iIDs5lvwH1cYd_Q','y':'znTzId3ALfXbjYMs9-Yj0gIhl0dyx-K1sNrCnhfJEd4'}";

  static String parsed(String beside) {
    String bundle = ("{'keys':[" + KNOWN + "," + beside + "]}").replace('\'', '"');
    try {
      return JwtBundle.parse(TrustDomain.parse("td.example"), bundle.getBytes()).getJwtAuthorities().size() + " authority";
    } catch (JwtBundleException declared) {
      return "refused as declared";
    } catch (RuntimeException other) {
      return other.getClass().getSimpleName() + ": " + other.getMessage();
    }
  }

  public static void main(String[] arguments) {
    System.out.println("unknown type: " + parsed("{'kty':'LATER','use':'jwt-svid','kid':'b'}"));
    System.out.println("Ed25519: " + parsed("{'kty':'OKP','crv':'Ed25519','use':'jwt-svid','kid':'b','x':'dvq0gbNCKMmw4JmWWbpiMne7nft2oeOzdlsh76Z_QjE'}"));
  }
}
JAVA
seen=$(java -cp "$(cat classpath)" One.java 2> log) || { echo 'changed: it does not run'; tail -5 log; exit 1; }
echo "$seen"
[ "$seen" = "unknown type: 1 authority
Ed25519: IllegalArgumentException: Unsupported JWT family algorithm: OKP" ] || { echo 'changed'; exit 1; }
