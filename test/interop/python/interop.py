"""py-spiffe against a SPIFFE Workload API: interop.py SOCKET fetch | watch SECONDS | serve | dial PORT | jwt AUDIENCE | federated TOKEN."""
import json
import os
import socket
import ssl
import sys
import tempfile
import threading

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from spiffe import TrustDomain, WorkloadApiClient

TRUST_DOMAIN = TrustDomain("cluster.local")


def context(client):
    """One SVID and the roots, as PEM files that Python's ssl reads."""
    x = client.fetch_x509_context()
    svid = x.default_svid
    roots = x.x509_bundle_set.get_bundle_for_trust_domain(TRUST_DOMAIN).x509_authorities
    folder = tempfile.mkdtemp(prefix="interop-")
    paths = {name: os.path.join(folder, name) for name in ("chain.pem", "key.pem", "roots.pem")}
    with open(paths["chain.pem"], "wb") as f:
        for certificate in svid.cert_chain:
            f.write(certificate.public_bytes(Encoding.PEM))
    with open(os.open(paths["key.pem"], os.O_CREAT | os.O_WRONLY, 0o600), "wb") as f:
        f.write(svid.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with open(paths["roots.pem"], "wb") as f:
        for root in roots:
            f.write(root.public_bytes(Encoding.PEM))
    return paths


def tls(client, side):
    paths = context(client)
    c = ssl.SSLContext(side)
    c.check_hostname = False
    c.verify_mode = ssl.CERT_REQUIRED
    c.verify_flags |= ssl.VERIFY_X509_STRICT
    c.load_cert_chain(paths["chain.pem"], paths["key.pem"])
    c.load_verify_locations(paths["roots.pem"])
    return c


def peer_id(connection):
    ids = [v for k, v in connection.getpeercert()["subjectAltName"] if k == "URI"]
    assert len(ids) == 1 and ids[0].startswith("spiffe://cluster.local/"), ids
    return ids[0]


def fetch(client):
    x = client.fetch_x509_context()
    bundles = client.fetch_x509_bundles()
    assert bundles.get_bundle_for_trust_domain(TRUST_DOMAIN) is not None
    return {"spiffeId": str(x.default_svid.spiffe_id), "roots": len(bundles.get_bundle_for_trust_domain(TRUST_DOMAIN).x509_authorities)}


def watch(client, seconds):
    serials, done, failed = set(), threading.Event(), []

    def updated(x):
        serials.add(x.default_svid.leaf.serial_number)
        if len(serials) == 2:
            done.set()

    handle = client.stream_x509_contexts(updated, lambda e: (failed.append(e), done.set()))
    assert done.wait(float(seconds)), f"{len(serials)} certificates in {seconds} s"
    handle.cancel()
    assert len(serials) == 2, failed
    return {"certificates": len(serials)}


def serve(client):
    context_ = tls(client, ssl.PROTOCOL_TLS_SERVER)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            raw, _ = listener.accept()
            with context_.wrap_socket(raw, server_side=True) as connection:
                peer_id(connection)
                while line := connection.recv(1024):
                    connection.sendall(line)


def dial(client, port):
    with socket.create_connection(("127.0.0.1", int(port)), timeout=10) as raw:
        with tls(client, ssl.PROTOCOL_TLS_CLIENT).wrap_socket(raw) as connection:
            connection.sendall(b"ping\n")
            assert connection.recv(5) == b"ping\n"
            return {"peer": peer_id(connection)}


def jwt(client, audience):
    """Fetches and validates a JWT-SVID, and lets PyJWT, which knows nothing of SPIFFE, verify it too."""
    import jwt as pyjwt

    token = client.fetch_jwt_svid(audience={audience})
    assert client.validate_jwt_svid(token.token, audience).spiffe_id == token.spiffe_id
    key = client.fetch_jwt_bundles().get_bundle_for_trust_domain(TRUST_DOMAIN).get_jwt_authority(pyjwt.get_unverified_header(token.token)["kid"])
    algorithms = ["ES256", "ES384", "RS256", "RS384", "RS512"]
    claims = pyjwt.decode(token.token, key, algorithms=algorithms, audience=audience)
    for wrong in (lambda: client.validate_jwt_svid(token.token, "somebody-else"), lambda: pyjwt.decode(token.token[:-8] + "AAAAAAAA", key, algorithms=algorithms, audience=audience)):
        try:
            wrong()
        except Exception:  # each library has its own class for a refusal
            continue
        raise AssertionError("a wrong token passes")
    return {"spiffeId": claims["sub"], "alg": pyjwt.get_unverified_header(token.token)["alg"]}


def federated(client, token):
    """Validates another trust domain's JWT-SVID for "shop", and counts that trust domain's roots."""
    from spiffe import JwtSvid

    theirs = JwtSvid.parse_insecure(token, {"shop"}).spiffe_id.trust_domain
    svid = JwtSvid.parse_and_validate(token, client.fetch_jwt_bundles().get_bundle_for_trust_domain(theirs), {"shop"})
    bundles = client.fetch_x509_bundles()
    roots = len(bundles.get_bundle_for_trust_domain(theirs).x509_authorities)
    return f"{svid.spiffe_id} by {roots} of {len(bundles.bundles)} bundles"


def main():
    client = WorkloadApiClient(f"unix:{sys.argv[1]}")
    print(json.dumps({"fetch": fetch, "watch": watch, "serve": serve, "dial": dial, "jwt": jwt, "federated": federated}[sys.argv[2]](client, *sys.argv[3:])), flush=True)


main()
