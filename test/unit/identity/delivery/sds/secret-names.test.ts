import assert from 'node:assert/strict';
import { create, type JsonObject } from '@bufbuild/protobuf';
import { NodeSchema } from '../../../../../src/gen/envoy/config/core/v3/base_pb.ts';
import type { CallerState } from '../../../../../src/identity/delivery/caller-watch.ts';
import { knowsSpiffeValidator } from '../../../../../src/identity/delivery/sds/envoy-node.ts';
import { allNames, meaningOfName } from '../../../../../src/identity/delivery/sds/secret-names.ts';
import type { OwnBundle } from '../../../../../src/spiffe/bundle.ts';
import { parseTrustDomain } from '../../../../../src/spiffe/trust-domain.ts';
import { entry } from '../../../../support/workload-endpoint.ts';

function bundle(name: string): OwnBundle {
  return {
    trustDomain: parseTrustDomain(name),
    sequence: 1,
    refreshHintSeconds: 300,
    x509Authorities: [Buffer.of(1)],
    jwtAuthorities: [],
  };
}
const own = bundle('cluster.local');
const [partner, stranger] = [bundle('partner.test'), bundle('stranger.test')];
const empty = { ...bundle('empty.test'), x509Authorities: [] };
const a = entry('spiffe://cluster.local/a', ['unix:uid:1']);
const b = entry('spiffe://cluster.local/b', ['unix:uid:1'], {
  federatesWith: [partner.trustDomain, empty.trustDomain],
});
const state: CallerState = {
  attestation: { traceId: '', selectors: [], pid: 1, uid: 1, alive: () => true },
  entries: [a, b],
  bundles: {
    own,
    intermediates: [],
    federated: new Map([partner, stranger, empty].map((each) => [each.trustDomain, each])),
  },
  crls: [],
};

const names = [
  { name: 'default', want: { kind: 'certificate', entry: a } },
  { name: 'spiffe://cluster.local/b', want: { kind: 'certificate', entry: b } },
  { name: 'spiffe://cluster.local/c', want: undefined },
  { name: 'ROOTCA', want: { kind: 'validation', bundles: [own] } },
  { name: 'ALL', want: { kind: 'validation', bundles: [own, partner] } },
  { name: 'spiffe://cluster.local', want: { kind: 'validation', bundles: [own] } },
  { name: 'spiffe://partner.test', want: { kind: 'validation', bundles: [partner] } },
  { name: 'spiffe://stranger.test', want: undefined },
  { name: 'spiffe://empty.test', want: undefined },
  { name: 'file-root:system', want: undefined },
  { name: '', want: undefined },
];

describe('meaningOfName', () => {
  for (const { name, want } of names)
    it(`understands ${JSON.stringify(name)}`, () => assert.deepEqual(meaningOfName(name, state), want));

  it('gives a meaning to every name of allNames', () => {
    assert.equal(allNames(state).length, 7);
    assert.ok(allNames(state).every((name) => meaningOfName(name, state) !== undefined));
  });
});

const node = (version: readonly [number, number] | undefined, metadata?: JsonObject) =>
  create(NodeSchema, {
    ...(metadata && { metadata }),
    ...(version && {
      userAgentVersionType: {
        case: 'userAgentBuildVersion' as const,
        value: { version: { majorNumber: version[0], minorNumber: version[1] } },
      },
    }),
  });

const nodes = [
  { name: 'Envoy 1.17', node: node([1, 17]), want: false },
  { name: 'Envoy 1.18', node: node([1, 18]), want: true },
  { name: 'Envoy 2.0', node: node([2, 0]), want: true },
  { name: 'an Envoy that does not say its version', node: node(undefined), want: true },
  { name: 'no node at all', node: undefined, want: true },
  {
    name: 'an Envoy that asks for plain roots',
    node: node([1, 40], { disable_spiffe_cert_validation: true }),
    want: false,
  },
  { name: 'the same as text', node: node([1, 40], { disable_spiffe_cert_validation: 'true' }), want: false },
  { name: 'an Envoy that says no to no', node: node([1, 40], { disable_spiffe_cert_validation: false }), want: true },
];

describe('knowsSpiffeValidator', () => {
  for (const { name, node: given, want } of nodes)
    it(`of ${name}`, () => assert.equal(knowsSpiffeValidator(given), want));
});
