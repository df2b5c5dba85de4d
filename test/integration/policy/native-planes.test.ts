import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { compileSnapshot } from '../../../src/policy/compile/compile-snapshot.ts';
import { interpretTree } from '../../../src/policy/compile-envoy/tree/interpret-tree.ts';
import { treesOf } from '../../../src/policy/compile-envoy/workload-trees.ts';
import { askHeaders, outcomeOf, runNativeEnvoy } from '../../support/native-envoy.ts';
import { istioModel, workload } from '../../support/native-model.ts';
import { makeCertificate } from '../../support/openssl-ca.ts';
import { plainFacts } from '../../support/plain-facts.ts';
import { seenByEnvoy } from '../../support/seen-by-envoy.ts';
import { tempDir } from '../../support/temp-dir.ts';

const pod = (account: string, ip: string): string =>
  `---\napiVersion: v1\nkind: Pod\nmetadata: {name: ${account}, namespace: default, labels: {app: ${account}}}\nspec: {serviceAccountName: ${account}}\nstatus: {podIP: ${ip}}\n`;
const pods = [pod('details', '127.0.0.1'), pod('a', '127.0.0.2'), pod('b', '127.0.0.3'), pod('c', '127.0.0.4')].join(
  '',
);
const policies = `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: n, namespace: default}
spec:
  podSelector: {matchLabels: {app: details}}
  ingress: [{from: [{podSelector: {matchLabels: {app: a}}}, {ipBlock: {cidr: 127.0.0.4/30, except: [127.0.0.5/32]}}]}]
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: g}
spec:
  selector: app == 'details'
  ingress: [{action: Allow, http: {methods: [GET], paths: [{prefix: /a}]}}, {action: Allow, source: {selector: app == 'c'}}]
`;
const settings = {
  trustDomains: ['cluster.local'],
  verifyPeer: 'off',
  peerTrustDomains: 'any',
  ambiguousRequests: 'asUpstream',
  allowEmpty: true,
} as const;

describe('planes beside that of Istio in Envoy', function () {
  this.timeout(120_000);

  it('are judged by name and address as Check judges them, or asked about', async () => {
    const model = istioModel(pods + policies, 'upstream', { planes: { calico: 'enforce', l4: 'enforce' } });
    const { decide } = compileSnapshot(model, { allowEmpty: true });
    const trees = treesOf(model, workload, settings);
    assert.ok(!('everything' in trees));
    const { http, network } = trees;
    await using dir = await tempDir();
    makeCertificate(dir, { name: 'roots', commonName: 'roots' });
    makeCertificate(dir, { name: 'server', issuer: 'roots', extensions: 'subjectAltName=DNS:localhost\n' });
    const idOf = (name: string): string => `spiffe://cluster.local/ns/default/sa/${name}`;
    const callers = ['a', 'b', 'c'].map((name) => {
      const cert = makeCertificate(dir, { name, issuer: 'roots', extensions: `subjectAltName=URI:${idOf(name)}\n` });
      return { name, cert, key: readFileSync(dir.at(`${name}.key`), 'utf8') };
    });
    await using envoy = await runNativeEnvoy(dir, [{ name: 'it', http, network }]);
    const port = await envoy.port('it.http');
    const problems: string[] = [];
    const seen = new Map<string, number>();
    for (const { name, cert, key } of callers)
      for (const source of ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5'])
        for (const [method, path] of [
          ['GET', '/a/b'],
          ['PUT', '/a/b'],
          ['GET', '/b'],
          ['GET', '/a//b?x'],
        ] as const) {
          const caller = { cert, key, localAddress: source };
          const got = outcomeOf(await askHeaders(port, caller, { method, path, host: 'details', headers: [] }));
          const facts = plainFacts({
            ...{ peerNames: [idOf(name)], sourcePrincipal: idOf(name), host: 'details', destinationPort: port, source },
            ...{ address: '127.0.0.1', method, path: path.split('?', 1)[0] },
          });
          const walked = interpretTree(http, seenByEnvoy(facts));
          const { effect } = decide(facts);
          if (got !== `${walked?.effect} ${walked?.name}` || (got.includes(' n:') && !got.startsWith(effect)))
            problems.push(
              `${name} ${source} ${method} ${path}: Envoy says ${got}, our walk ${walked?.name}, Check ${effect}`,
            );
          seen.set(got, (seen.get(got) ?? 0) + 1);
        }
    assert.deepEqual(problems, []);
    // each at its own address: `a` and `c` whatever they ask, and `b` by a path that needs no normalising
    assert.equal(seen.get('allow n:no-policy-applies'), 4 + 4 + 1, JSON.stringify([...seen]));
    for (const wanted of ['allow ask:planes', 'allow ask:place']) assert.ok((seen.get(wanted) ?? 0) > 0, wanted);
  });
});
