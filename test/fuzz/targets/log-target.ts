/**
 * Fuzzes lines of a decision log: whatever a line holds, it is told what it is, and what is a decision is decided or cannot be said.
 * @module
 */
import assert from 'node:assert/strict';
import type { RequestForm } from '../../../src/admin-api/request-form.ts';
import { readLogLine } from '../../../src/analysis/replay/logged-decision.ts';
import { createLogReplay } from '../../../src/analysis/replay/replay.ts';
import { loggedCheck, openOptions } from '../../support/logged-check.ts';
import { mutateBytes } from '../mutate.ts';
import type { Random } from '../random.ts';
import type { FuzzTarget } from '../target.ts';
import { policyModel } from './check-policies.ts';

const model = policyModel();
const replays = [undefined, { ...openOptions, ambiguousRequests: 'deny', peerTrustDomains: 'own' } as const].map(
  (options) => createLogReplay({ model, allowEmpty: false, ownPrefixes: openOptions.ownPrefixes, options }),
);

const request = (path: string, headers: Record<string, string>): RequestForm => ({
  source: { principal: 'spiffe://cluster.local/ns/default/sa/productpage', address: '203.0.113.7', port: 4711 },
  destination: {
    principal: 'spiffe://cluster.local/ns/default/sa/details',
    address: '10.0.0.2',
    port: 9080,
    labels: { app: 'details', version: 'v2' },
  },
  http: { method: 'GET', path, host: 'details:9080', headers },
  tls: { sni: 'a.internal' },
});

/** Values that a member may not expect. */
const oddValues: readonly unknown[] = [
  ...[
    '',
    'x'.repeat(600),
    '\ufffd',
    '__proto__',
    'spiffe://',
    'spiffe://cluster.local/ns//sa/',
    '10.0.0.0/8',
    '\u0000',
  ],
  ...[0, -1, 1e300, 65_536, null, true, [], {}, ['x', ''], [1], { sha256: ['a'] }, { sha256: [] }, 512],
];

/** Puts an odd value in place of a member, or takes one away, wherever it lies. */
function mutateMember(value: unknown, random: Random): unknown {
  if (typeof value !== 'object' || value === null) return random.pick(oddValues);
  const names = Object.keys(value);
  if (names.length === 0 || random.once(6)) return random.pick(oddValues);
  const name = random.pick(names);
  const inner = Reflect.get(value, name) as unknown;
  const { [name]: _, ...others } = value as Record<string, unknown>; // any object of JSON
  return random.once(8) ? others : { ...others, [name]: mutateMember(inner, random) };
}

export const logTarget: FuzzTarget = {
  name: 'log',
  seeds() {
    return (['none', 'names', 'hashes', 'values'] as const).flatMap((shown) => {
      const ask = loggedCheck({ model, shown });
      return [
        ask(request('/details/1', { 'x-token': 'pre-x', 'x-forwarded-for': '192.0.2.1' })),
        ask(request(`/admin/${'a'.repeat(600)}`, { 'x-blocked': 'y' })),
      ].map(({ line }) => Buffer.from(line));
    });
  },
  mutate(input, other, random) {
    if (random.once(3)) return mutateBytes(input, other, random);
    try {
      return Buffer.from(JSON.stringify(mutateMember(JSON.parse(input.toString()), random)));
    } catch {
      return mutateBytes(input, other, random);
    }
  },
  run(input) {
    for (const line of input.toString().split('\n')) {
      const read = readLogLine(line);
      if (read.is !== 'decision') continue;
      for (const replay of replays) {
        const replayed = replay.decide(read.decision);
        if (replayed.result === 'unknown') assert.notEqual(replayed.lacks, '');
        else {
          assert.equal(replayed.result === 'same', replayed.now.effect === read.decision.decision);
          replay.derive(replayed.now);
        }
      }
    }
  },
};
