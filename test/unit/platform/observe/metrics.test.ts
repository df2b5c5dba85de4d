import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createMetrics } from '../../../../src/platform/observe/metrics.ts';

describe('createMetrics', () => {
  const metrics = createMetrics({ latencyBounds: [0.001], look: () => Promise.resolve() });

  it('says which program runs, on which Node', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    const text = await metrics.text();
    assert.match(text, /^gatehouse_build_info\{[^}]*\} 1$/m);
    for (const label of [`version="${version}"`, `node="${process.versions.node}"`, `arch="${process.arch}"`])
      assert.ok(text.includes(label), label);
  });

  it('has what every Prometheus expects of a process', async () => {
    const text = await metrics.text();
    for (const name of [
      'process_cpu_seconds_total',
      'process_resident_memory_bytes',
      'nodejs_eventloop_lag_p99_seconds',
    ])
      assert.match(text, new RegExp(`^${name} [0-9]`, 'm'));
  });

  it('names no metric twice', async () => {
    const names = [...(await metrics.text()).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    assert.equal(new Set(names).size, names.length);
  });
});
