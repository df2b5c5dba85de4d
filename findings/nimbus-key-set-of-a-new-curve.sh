#!/bin/sh
# nimbus-jose-jwt 10.10 (Maven, com.nimbusds), on Java 17: JWKSet.parse() passes over a key of an unknown type and refuses the whole set for an EC key
# of an unknown curve. RFC 7517, section 5 asks to ignore both: types that are not understood and keys "for which values are out of the supported
# ranges". An issuer that adds a brainpoolP256r1 key (crv BP-256) to its P-256 keys so takes these from every verifier that is built on nimbus.
# Seen: `unknown type: 1 key`, `BP-256: Invalid JWK at position 1: Unknown / unsupported curve: BP-256`.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat > pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>one</groupId><artifactId>one</artifactId><version>1</version>
  <dependencies><dependency><groupId>com.nimbusds</groupId><artifactId>nimbus-jose-jwt</artifactId><version>10.10</version></dependency></dependencies>
</project>
XML
mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:build-classpath -Dmdep.outputFile=classpath > log 2>&1 || { tail -5 log; exit 1; }
cat > One.java <<'JAVA'
import com.nimbusds.jose.jwk.JWKSet;
import java.text.ParseException;

public class One {
  static final String KNOWN = "{'kty':'EC','crv':'P-256','use':'sig','kid':'a',"
      + "'x':'owgN_ExajTdSZIz1tGP9exu3Fp23iIDs5lvwH1cYd_Q','y':'znTzId3ALfXbjYMs9-Yj0gIhl0dyx-K1sNrCnhfJEd4'}";

  static String parsed(String beside) {
    try {
      return JWKSet.parse(("{'keys':[" + KNOWN + "," + beside + "]}").replace('\'', '"')).getKeys().size() + " key";
    } catch (ParseException refused) {
      return refused.getMessage();
    }
  }

  public static void main(String[] arguments) {
    System.out.println("unknown type: " + parsed("{'kty':'LATER','use':'sig','kid':'b'}"));
    System.out.println("BP-256: " + parsed("{'kty':'EC','crv':'BP-256','use':'sig','kid':'b','x':'lNyQOv4LImBHKfq007PUuNiCB4DEWUD8VPj3Qx_f27k','y':'JgVIwrv_5OncB6ZPCVoN4dwb9fXeChGpfkWArJGhNFk'}"));
  }
}
JAVA
seen=$(java -cp "$(cat classpath)" One.java 2> log) || { echo 'changed: it does not run'; tail -5 log; exit 1; }
echo "$seen"
[ "$seen" = "unknown type: 1 key
BP-256: Invalid JWK at position 1: Unknown / unsupported curve: BP-256" ] || { echo 'changed'; exit 1; }
