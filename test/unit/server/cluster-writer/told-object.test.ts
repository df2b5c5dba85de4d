import assert from 'node:assert/strict';
import type { Finding } from '../../../../src/policy/documents/finding.ts';
import { eventsOf } from '../../../../src/server/cluster-writer/finding-events.ts';
import { conditionOf } from '../../../../src/server/cluster-writer/policy-condition.ts';
import { pathOf, type ToldObject } from '../../../../src/server/cluster-writer/told-object.ts';

const NOW = Date.parse('2030-01-01T00:00:00.345Z');

const finding = (change: Partial<Finding> = {}): Finding => ({
  ...{ file: 'AuthorizationPolicy shop/a', line: 1, column: 1, severity: 'error' },
  ...{ code: 'value-invalid' as Finding['code'], path: 'spec.rules[0]', message: 'it is wrong', fix: 'mend it' },
  ...change,
});

const object = (change: Partial<ToldObject> = {}): ToldObject => ({
  ...{ apiVersion: 'security.istio.io/v1', kind: 'AuthorizationPolicy', namespace: 'shop', name: 'a' },
  ...{ findings: [finding()], isInForce: false, hasLastGood: true, isStill: () => true },
  ...change,
});

describe('pathOf', () => {
  const rows = [
    [{}, '/apis/security.istio.io/v1/namespaces/shop/authorizationpolicies/a'],
    [
      { apiVersion: 'policy.networking.k8s.io/v1alpha2', kind: 'ClusterNetworkPolicy', namespace: '' },
      '/apis/policy.networking.k8s.io/v1alpha2/clusternetworkpolicies/a',
    ],
    [{ kind: 'PeerAuthentication' }, '/apis/security.istio.io/v1/namespaces/shop/peerauthentications/a'],
    [
      { apiVersion: 'projectcalico.org/v3', kind: 'GlobalNetworkSet', namespace: '' },
      '/apis/projectcalico.org/v3/globalnetworksets/a',
    ],
  ] as const;
  for (const [change, want] of rows) it(want, () => assert.equal(pathOf(object(change)), want));
});

describe('events on policies', () => {
  const one = { uid: 'u', generation: 1 };
  const namesOf = (...args: Parameters<typeof eventsOf>) => eventsOf(...args).map(({ metadata }) => metadata.name);

  it('have names by object, generation and finding, whoever makes them and when', () => {
    const name = namesOf(object(), one, 'now');
    assert.deepEqual(namesOf(object(), one, 'later'), name);
    const others = [
      namesOf(object(), { uid: 'u', generation: 2 }, 'now'),
      namesOf(object(), { uid: 'v', generation: 1 }, 'now'),
      namesOf(object({ findings: [finding({ path: 'spec' })] }), one, 'now'),
      namesOf(object({ findings: [finding({ code: 'name-invalid' as Finding['code'] })] }), one, 'now'),
    ].flat();
    assert.equal(new Set([...name, ...others]).size, 5);
  });

  it('are ten at most, say what the API takes of bytes and words, and lie in default where there is no namespace', () => {
    const long = object({
      name: 'n'.repeat(253),
      namespace: '',
      findings: Array.from({ length: 50 }, (_, i) => finding({ path: `spec[${i}]`, message: 'ä'.repeat(2_000) })),
    });
    const events = eventsOf(long, one, 'now');
    assert.equal(events.length, 10);
    for (const { metadata, note, reason, regarding } of events) {
      assert.ok(metadata.name.length <= 253);
      assert.ok(Buffer.byteLength(note) <= 1_024 && note.endsWith('ä…'), note.slice(-5));
      assert.deepEqual([metadata.namespace, reason, regarding['namespace']], ['default', 'ValueInvalid', undefined]);
    }
  });
});

describe('the condition of a policy', () => {
  const one = { uid: 'u', generation: 3 };
  const rows = [
    { name: 'that is sound', change: { findings: [], isInForce: true }, want: ['True', 'InForce', ''] },
    {
      name: 'that has warnings',
      change: { findings: [finding({ severity: 'warning' })], isInForce: true },
      want: ['True', 'InForceWithWarnings', 'spec.rules[0]: it is wrong; mend it'],
    },
    {
      name: 'that is broken',
      change: {},
      want: ['False', 'Invalid', 'what it said before is in force: spec.rules[0]: it is wrong; mend it'],
    },
    {
      name: 'that never was sound',
      change: { hasLastGood: false },
      want: ['False', 'Invalid', 'nothing of it is in force: spec.rules[0]: it is wrong; mend it'],
    },
  ] as const;
  for (const { name, change, want } of rows)
    it(`${name} is ${want[0]}, ${want[1]}`, () => {
      const condition = conditionOf(object(change), one, {}, NOW);
      assert.deepEqual([condition?.status, condition?.reason, condition?.message], want);
      assert.deepEqual([condition?.observedGeneration, condition?.lastTransitionTime], [3, '2030-01-01T00:00:00Z']);
    });

  it('is not written again, keeps its time while its status stays, and has a new one when that changes', () => {
    const written = conditionOf(object(), one, {}, NOW);
    const others = { ...written, type: 'Accepted', message: 'of others' };
    const held = { status: { conditions: [others, written] } };
    assert.equal(conditionOf(object(), one, held, NOW + 5_000), undefined);
    const next = conditionOf(object(), { uid: 'u', generation: 4 }, held, NOW + 5_000);
    assert.deepEqual([next?.observedGeneration, next?.lastTransitionTime], [4, written?.lastTransitionTime]);
    const mended = conditionOf(
      object({ findings: [], isInForce: true }),
      { uid: 'u', generation: 5 },
      held,
      NOW + 5_000,
    );
    assert.equal(mended?.lastTransitionTime, '2030-01-01T00:00:05Z');
  });
});
