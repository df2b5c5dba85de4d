import assert from 'node:assert/strict';
import { readConfig } from '../../../src/config/read-config.ts';

const MINIMAL = 'trustDomain: cluster.local\n';
const reading = (text: string) => readConfig(MINIMAL + text, '/etc/gatehouse/gatehouse.yaml');

const good = (text: string) => {
  const read = reading(text);
  assert.ok(read.ok, JSON.stringify(read));
  return read.config;
};
const findings = (text: string): string[] => {
  const read = reading(text);
  assert.ok(!read.ok, 'was accepted');
  return read.findings.map(({ code, path }) => `${code} ${path}`);
};
const entry = (...selectors: string[]) =>
  `entries: [{ spiffeId: spiffe://cluster.local/x, selectors: [${selectors.map((each) => `'${each}'`).join(', ')}] }]\n`;
const ON = 'attestation: { kubernetes: {} }\n';

describe('attestation.kubernetes in the configuration', () => {
  it('is off, and lets nobody in by itself where it is on', () => {
    assert.equal(good('').attestation.kubernetes, undefined);
    assert.deepEqual(good(ON).attestation.kubernetes, {
      audiences: ['gatehouse'],
      verify: 'both',
      implicit: { namespaces: [], labelSelector: undefined, federatesWith: [] },
      nodeName: undefined,
      nodeProxies: [],
      clusterId: undefined,
      renewForMs: 86_400_000,
    });
  });

  it('takes one audience or several, and a path of a kubeconfig', () => {
    const config = good(
      'kubernetes: { kubeconfig: ./k.yaml }\nattestation: { kubernetes: { audience: [a, istio-ca], renewFor: 0s } }\n',
    );
    assert.deepEqual(config.attestation.kubernetes?.audiences, ['a', 'istio-ca']);
    assert.equal(config.attestation.kubernetes.renewForMs, 0);
    assert.equal(config.kubernetes.kubeconfig, '/etc/gatehouse/k.yaml');
  });

  const selectors: readonly (readonly [written: string, asked: string])[] = [
    ['{}', ''],
    ['{ matchLabels: { a.b/c: d, e: "" } }', 'a.b/c=d,e='],
    [
      '{ matchExpressions: [{ key: a, operator: In, values: [x, y] }, { key: b, operator: NotIn, values: [z] }, { key: c, operator: Exists }, { key: d, operator: DoesNotExist }] }',
      'a in (x,y),b notin (z),c,!d',
    ],
  ];
  for (const [written, asked] of selectors)
    it(`asks the API server for namespaces with ${JSON.stringify(asked)}`, () => {
      const config = good(`attestation: { kubernetes: { implicit: { namespaceSelector: ${written} } } }\n`);
      assert.equal(config.attestation.kubernetes?.implicit.labelSelector, asked);
    });

  const wrong: readonly (readonly [name: string, text: string, finding: string])[] = [
    ['no audience', 'attestation: { kubernetes: { audience: [] } }\n', 'attestation.kubernetes.audience'],
    ['a proxy without namespace', 'attestation: { kubernetes: { nodeProxies: [ztunnel] } }\n', 'nodeProxies[0]'],
    [
      'In without values',
      'attestation: { kubernetes: { implicit: { namespaceSelector: { matchExpressions: [{ key: a, operator: In }] } } } }\n',
      'matchExpressions[0]',
    ],
    [
      'a label that would say more in the question than it means',
      'attestation: { kubernetes: { implicit: { namespaceSelector: { matchLabels: { a: "b,c" } } } } }\n',
      'matchLabels.a',
    ],
    [
      'a server without the authority',
      `roles: [decider]\nauthorityAddress: a:1\nfeed: { joinFile: j }\n${ON}`,
      'contradiction attestation.kubernetes',
    ],
    ['an entry of pods of which nothing tells', entry('k8s:ns:a', 'k8s:sa:b'), 'missing entries[0].selectors'],
    ['an account of whichever namespace', ON + entry('k8s:sa:b'), 'namespace-missing entries[0].selectors'],
    [
      'a label of whichever namespace',
      ON + entry('k8s:pod-label:app:x', 'unix:uid:0'),
      'namespace-missing entries[0].selectors',
    ],
  ];
  for (const [name, text, finding] of wrong)
    it(`refuses ${name}`, () => {
      const found = findings(text);
      assert.ok(
        found.some((each) => each.includes(finding)),
        found.join('\n'),
      );
    });

  it('takes entries that say which namespace or pod', () => {
    for (const pinned of ['k8s:ns:a', 'k8s:pod-uid:0a1b2c3d-1111-4222-8333-0123456789ab'])
      good(ON + entry(pinned, 'k8s:pod-label:app:x', 'k8s:container-name:c'));
  });
});
