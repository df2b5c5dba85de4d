import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { forwardedClient } from '../../../src/authz/facts/client-address.ts';
import { compileSnapshot } from '../../../src/policy/compile/compile-snapshot.ts';
import { interpretTree } from '../../../src/policy/compile-envoy/tree/interpret-tree.ts';
import { treesOf } from '../../../src/policy/compile-envoy/workload-trees.ts';
import { askHeaders, outcomeOf, runNativeEnvoy } from '../../support/native-envoy.ts';
import { istioModel, workload } from '../../support/native-model.ts';
import { makeCertificate } from '../../support/openssl-ca.ts';
import { plainFacts } from '../../support/plain-facts.ts';
import { seenByEnvoy } from '../../support/seen-by-envoy.ts';
import { tempDir } from '../../support/temp-dir.ts';

const policies = `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: d, namespace: default}
spec: {action: DENY, rules: [{from: [{source: {remoteIpBlocks: [10.0.0.0/8, "2001:db8::/32", "fe80::/10"]}}]}, {when: [{key: connection.sni, values: [b.example]}]}]}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: a, namespace: default}
spec: {rules: [{from: [{source: {notRemoteIpBlocks: [192.0.2.0/24]}}], when: [{key: connection.sni, values: [a.*]}]}]}
`;
const settings = {
  trustDomains: ['cluster.local'],
  verifyPeer: 'off',
  peerTrustDomains: 'any',
  ambiguousRequests: 'asUpstream',
  allowEmpty: true,
} as const;
const spiffeId = 'spiffe://cluster.local/ns/foo/sa/a';

describe('addresses and names of servers in Envoy', function () {
  this.timeout(120_000);

  it('are judged as Check judges them, or asked about', async () => {
    const model = istioModel(policies);
    const { decide } = compileSnapshot(model, { allowEmpty: true });
    const hops = [0, 1].map((trustedHops) => {
      const trees = treesOf(model, { ...workload, trustedHops }, settings);
      assert.ok(!('everything' in trees));
      return { name: `hops${trustedHops}`, trustedHops, http: trees.http, network: trees.network };
    });
    await using dir = await tempDir();
    makeCertificate(dir, { name: 'roots', commonName: 'roots' });
    makeCertificate(dir, { name: 'server', issuer: 'roots', extensions: 'subjectAltName=DNS:localhost\n' });
    const cert = makeCertificate(dir, {
      name: 'caller',
      issuer: 'roots',
      extensions: `subjectAltName=URI:${spiffeId}\n`,
    });
    const caller = { cert, key: readFileSync(dir.at('caller.key'), 'utf8') };
    await using envoy = await runNativeEnvoy(dir, hops);
    const problems: string[] = [];
    const seen = new Set<string>();
    for (const { name, trustedHops, http } of hops)
      for (const host of ['a.example', 'B.example', '127.0.0.1'])
        for (const xff of [
          undefined,
          '10.1.2.3',
          '192.0.2.7',
          '203.0.113.1',
          '203.0.113.1, 10.1.2.3',
          'x',
          '010.1.2.3',
          '::ffff:10.1.2.3',
          '10.1.2.3:80',
          '10.1.2.3\xa0',
          '2001:db8::1%1',
          '2001:db8::1%lo',
          'fe80::1%1',
          '',
        ]) {
          const headers = xff === undefined ? [] : [['x-forwarded-for', xff] as const];
          const port = await envoy.port(`${name}.http`);
          const got = outcomeOf(await askHeaders(port, caller, { method: 'GET', path: '/', host, headers }));
          const facts = plainFacts({
            ...{ peerNames: [spiffeId], sourcePrincipal: spiffeId, host, destinationPort: port, source: '127.0.0.1' },
            headers: { ...(xff !== undefined && { 'x-forwarded-for': [xff] }) },
            remote: (xff !== undefined && forwardedClient(xff, trustedHops)?.text) || '127.0.0.1',
            sni: host === '127.0.0.1' ? undefined : host.toLowerCase(), // an address is no name of a server
          });
          const walked = interpretTree(http, seenByEnvoy(facts));
          const { effect } = decide(facts);
          const about = `${name} ${host} ${xff}: Envoy says ${got}, our walk ${walked?.name}, Check ${effect}`;
          if (got !== `${walked?.effect} ${walked?.name}` || (got.includes(' n:') && !got.startsWith(effect)))
            problems.push(about);
          seen.add(got);
        }
    assert.deepEqual(problems, []);
    for (const wanted of [
      'deny n:deny/default/d#0',
      'deny n:deny/default/d#1',
      'allow n:allow/default/a#0',
      'deny n:no-rule-allowed',
      'allow ask:deny/default/d#0',
    ])
      assert.ok(seen.has(wanted), `${wanted}: ${[...seen].join('; ')}`);
  });
});
