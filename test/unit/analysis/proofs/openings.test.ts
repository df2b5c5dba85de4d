import assert from 'node:assert/strict';
import { openPorts } from '../../../../src/analysis/proofs/openings/open-ports.ts';
import { inboundOpenings, outboundOpenings } from '../../../../src/analysis/proofs/openings/openings.ts';
import { plainPorts } from '../../../../src/analysis/proofs/openings/plain-ports.ts';
import { createOpeningsScene } from '../../../../src/analysis/proofs/openings/scene.ts';
import { withPodsToCome } from '../../../../src/analysis/universe/with-pods-to-come.ts';
import { modelOf } from '../../../support/model-of.ts';

const pod = (name: string, address: string, spec = ''): string => `apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: default, labels: { app: ${name} } }
spec: { serviceAccountName: ${name}, containers: [{ name: a, image: a }]${spec} }
status: { podIP: ${address}, podIPs: [{ ip: ${address} }] }
`;
const registry = [pod('api', '10.0.0.1'), pod('web', '10.0.0.2')].join('---\n');

const istio = (name: string, spec: string, namespace = 'istio-system'): string =>
  `{ apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: { name: ${name}, namespace: ${namespace} }, spec: ${spec} }`;
const strict = (spec: string, namespace = 'istio-system'): string =>
  `{ apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: { name: strict, namespace: ${namespace} }, spec: ${spec} }`;
const network = (spec: string): string =>
  `{ apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: { name: n, namespace: default }, spec: ${spec} }`;
const calico = (spec: string): string =>
  `{ apiVersion: projectcalico.org/v3, kind: GlobalNetworkPolicy, metadata: { name: all }, spec: ${spec} }`;

const nothing = istio('nothing', '{}');
const allStrict = strict('{ mtls: { mode: STRICT } }');
const nothingPasses = calico('{ order: 1000, selector: all(), types: [Ingress, Egress] }');
const honest = [nothing, allStrict, nothingPasses];
const webToApi = istio(
  'api',
  '{ selector: { matchLabels: { app: api } }, rules: [{ from: [{ source: { principals: [cluster.local/ns/default/sa/web] } }] }] }',
  'default',
);
const apiOn8080 = network(
  '{ podSelector: { matchLabels: { app: api } }, ingress: [{ from: [{ podSelector: { matchLabels: { app: web } } }], ports: [{ protocol: TCP, port: 8080 }] }] }',
);

function sceneOf(policies: readonly string[], ahead: boolean, pods = registry) {
  const model = modelOf(policies.join('\n---\n'), { registry: pods });
  const side = { model, trustDomain: 'cluster.local', workloads: [] };
  const planes = model.planes.filter(({ mode }) => mode === 'enforce');
  const { side: later, coming } = withPodsToCome(side);
  return createOpeningsScene({ planes, allowEmpty: false, ...(ahead ? { side: later, coming } : { side }) });
}

describe('inboundOpenings', () => {
  const rows: readonly {
    readonly name: string;
    readonly policies: readonly string[];
    readonly unnamed: boolean;
    readonly anonymous?: boolean;
    readonly ahead?: boolean;
  }[] = [
    { name: 'nothing at all, which is refused', policies: [], unnamed: false },
    { name: 'what denies everything', policies: honest, unnamed: false, ahead: true },
    { name: 'a rule that names a caller', policies: [...honest, webToApi, apiOn8080], unnamed: false, ahead: true },
    { name: 'no policy for one of two', policies: [allStrict, webToApi], unnamed: true },
    {
      name: 'a network that is closed instead',
      policies: [allStrict, webToApi, nothingPasses],
      unnamed: false,
      ahead: true,
    },
    {
      name: 'a namespace that is closed, and others that may come',
      policies: [allStrict, istio('nothing', '{}', 'default')],
      unnamed: false,
    },
    {
      name: 'the same with those to come',
      policies: [allStrict, istio('nothing', '{}', 'default')],
      unnamed: true,
      ahead: true,
    },
    {
      name: 'a rule without conditions',
      policies: [nothing, allStrict, istio('all', '{ rules: [{}] }')],
      unnamed: true,
    },
    {
      name: 'a rule for everybody by name',
      policies: [nothing, allStrict, istio('all', '{ rules: [{ from: [{ source: { principals: ["*"] } }] }] }')],
      unnamed: true,
    },
    {
      name: 'a rule for all paths',
      policies: [nothing, istio('all', '{ rules: [{ to: [{ operation: { paths: ["/*"] } }] }] }')],
      unnamed: true,
      anonymous: true,
    },
    {
      name: 'a rule for all addresses',
      policies: [nothing, istio('all', '{ rules: [{ from: [{ source: { ipBlocks: [0.0.0.0/0] } }] }] }')],
      unnamed: true,
      anonymous: true,
    },
    {
      name: 'a rule for one path without a certificate',
      policies: [nothing, istio('one', '{ rules: [{ to: [{ operation: { paths: [/a] } }] }] }')],
      unnamed: false,
      anonymous: true,
    },
    {
      name: 'a rule that denies, and nothing else',
      policies: [allStrict, istio('not', '{ action: DENY, rules: [{ to: [{ operation: { paths: [/a] } }] }] }')],
      unnamed: true,
    },
  ];
  for (const { name, policies, unnamed, anonymous = false, ahead = false } of rows)
    it(`looks at ${name}`, () => {
      const found = inboundOpenings(sceneOf(policies, ahead));
      assert.deepEqual(
        [found.unnamed.length > 0, found.anonymous.length > 0],
        [unnamed, anonymous],
        JSON.stringify(found),
      );
    });

  it('names who, whom and what', () => {
    const { unnamed } = inboundOpenings(sceneOf([allStrict, webToApi], false));
    const [{ witness, ...first } = { witness: undefined }, ...others] = unnamed;
    assert.deepEqual([first, others.length], [{ workload: 'default/web', other: 'default/api', on: 'everything' }, 0]);
    assert.equal(witness?.isOfToday, true);
    assert.equal(witness.request.source?.principal, 'spiffe://cluster.local/ns/default/sa/api');
    assert.equal(witness.request.destination?.principal, 'spiffe://cluster.local/ns/default/sa/web');
  });
});

describe('outboundOpenings', () => {
  const egress = (rules: string): string => network(`{ podSelector: {}, policyTypes: [Egress], egress: ${rules} }`);
  const rows: readonly {
    readonly name: string;
    readonly policies: readonly string[];
    readonly open: boolean;
    readonly ahead?: boolean;
    readonly pods?: string;
  }[] = [
    { name: 'no policy of the network', policies: [nothing], open: true },
    { name: 'what denies everything', policies: honest, open: false, ahead: true },
    { name: 'what comes in alone', policies: [network('{ podSelector: {}, policyTypes: [Ingress] }')], open: true },
    { name: 'a namespace that is closed', policies: [egress('[]')], open: false },
    { name: 'the same with namespaces to come', policies: [egress('[]')], open: true, ahead: true },
    {
      name: 'a rule for one address',
      policies: [egress('[{ to: [{ ipBlock: { cidr: 10.0.0.1/32 } }] }]')],
      open: false,
    },
    {
      name: 'a rule for all addresses',
      policies: [egress('[{ to: [{ ipBlock: { cidr: 0.0.0.0/0 } }] }]')],
      open: true,
    },
    { name: 'a rule without conditions', policies: [egress('[{}]')], open: true },
    { name: 'a rule for one port', policies: [egress('[{ ports: [{ protocol: UDP, port: 53 }] }]')], open: false },
    {
      name: 'a pod on the network of its node',
      policies: honest,
      open: true,
      pods: [registry, pod('node', '10.1.0.1', ', hostNetwork: true')].join('---\n'),
    },
  ];
  for (const { name, policies, open, ahead = false, pods } of rows)
    it(`looks at ${name}`, () => assert.equal(outboundOpenings(sceneOf(policies, ahead, pods)).length > 0, open));
});

describe('openPorts', () => {
  const api = (policies: readonly string[]) =>
    openPorts(sceneOf(policies, true)).find(({ workload }) => workload === 'default/api');
  it('tells the ports of a rule', () => {
    const open = api([...honest, apiOn8080]);
    assert.deepEqual(open, {
      workload: 'default/api',
      principals: ['spiffe://cluster.local/ns/default/sa/api'],
      tcp: [[8080, 8080]],
      others: false,
    });
  });
  it('tells that everything is open without a policy', () => {
    const [open] = openPorts(sceneOf([nothing], true));
    assert.deepEqual([open?.tcp.at(-1)?.[1], open?.others], [65_535, true]);
  });
  it('tells that nothing is open', () => assert.deepEqual(api(honest)?.tcp ?? [], []));
});

describe('plainPorts', () => {
  const rows: readonly {
    readonly name: string;
    readonly policies: readonly string[];
    readonly want: readonly unknown[];
  }[] = [
    { name: 'STRICT everywhere', policies: honest, want: [] },
    { name: 'no PeerAuthentication', policies: [nothing], want: [undefined, 'permissive'] },
    {
      name: 'one namespace that takes it back',
      policies: [...honest, strict('{ mtls: { mode: PERMISSIVE } }', 'default')],
      want: [undefined, 'permissive'],
    },
    {
      name: 'one port that takes it back',
      policies: [
        ...honest,
        strict('{ selector: { matchLabels: { app: api } }, portLevelMtls: { 8080: { mode: DISABLE } } }', 'default'),
      ],
      want: [8080, 'disable'],
    },
    {
      name: 'namespaces to come',
      policies: [nothing, strict('{ mtls: { mode: STRICT } }', 'default')],
      want: [undefined, 'permissive'],
    },
  ];
  for (const { name, policies, want } of rows)
    it(`looks at ${name}`, () => {
      const [first] = plainPorts(sceneOf(policies, true));
      assert.deepEqual(first === undefined ? [] : [first.port, first.mode], want);
    });
});
